package io.whimbrel.system.chaos;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a run takes place: Redis, web servers and gateways, and the wires that clients, publishers and the parts go through:
 * to a single Redis each by its own, to one of several nodes all by the same, also the other nodes. Everything has a name, by which it is broken.
 */
final class Stage implements AutoCloseable {
    private static final int GATEWAYS = 3;
    private static final int WEBS = 2;
    private static final String SECRET = "--auth.secret=a secret of the chaos suite, and of nothing else";

    /** What the names of wires begin with by which all come to a node of Redis. */
    static final String REDIS_WIRES = "way to ";

    static final String API_KEY = "key-of-the-chaos-suite";

    private final RedisDeployment redis;
    private final List<Service> gateways = new ArrayList<>();
    private final List<Service> webs = new ArrayList<>();
    private final List<Wire> clientWires = new ArrayList<>();
    private final List<Wire> publisherWires = new ArrayList<>();
    private final Map<String, Wire> wires = new LinkedHashMap<>();
    private final Map<String, Breakable> processes = new LinkedHashMap<>();

    /**
     * @param settings of all parts, besides the usual ones
     * @param planted classes that take the place of the parts' own
     */
    Stage(Path folder, RedisDeployment redis, List<String> settings, Optional<Path> planted) throws IOException {
        this.redis = redis;
        Path data = Files.createDirectories(folder.resolve("data"));
        for (int i = 0; i < WEBS; i++) {
            Service web = new Service("web " + i, "web", planted)
                    .with(List.of("--web.api-keys=" + API_KEY, SECRET, "--data=" + data))
                    .with(settings);
            webs.add(web);
            processes.put(web.name(), web);
            publisherWires.add(wire("publishers of " + web.name(), web.port()));
        }
        for (int i = 0; i < GATEWAYS; i++) {
            Service gateway = new Service("gateway " + i, "gateway", planted)
                    .with(List.of(
                            "--gateway.drain.seconds=1",
                            "--gateway.ping.interval=4s",
                            "--gateway.ping.timeout=2s",
                            "--gateway.outbox.max-bytes=262144",
                            "--data=" + data))
                    .with(authentication(i))
                    .with(settings);
            gateways.add(gateway);
            processes.put(gateway.name(), gateway);
            clientWires.add(wire("clients of " + gateway.name(), gateway.port()));
        }
        for (Service service : services()) {
            service.with(List.of("--redis=" + redisUri(service)));
        }
        redis.wired().forEach(node -> wires.put(REDIS_WIRES + node.name(), node.wire()));
        redis.nodes().forEach(node -> processes.put(node.name(), node));
        redis.sentinels().forEach(node -> processes.put(node.name(), node));
    }

    /** The first one asks a web server about every token, as gateways do by default; the others can do without. */
    private List<String> authentication(int gateway) {
        return gateway == 0
                ? List.of("--gateway.auth.url=http://127.0.0.1:%d/auth/{token}"
                        .formatted(webs.getFirst().port()))
                : List.of("--gateway.auth.mode=local", SECRET);
    }

    /** Only the address of a single Redis can be another one for each part: others tell their addresses themselves. */
    private String redisUri(Service service) {
        return redis instanceof StandaloneRedis standalone
                ? "redis://127.0.0.1:"
                        + wire(service.name() + " to redis", standalone.port()).port()
                : redis.uri();
    }

    private Wire wire(String name, int port) {
        Wire wire = new Wire(port);
        wires.put(name, wire);
        return wire;
    }

    Layout layout() {
        return new Layout(
                gateways.stream().map(Service::name).toList(),
                webs.stream().map(Service::name).toList(),
                redis.nodes().stream().map(RedisNode::name).toList(),
                redis.sentinels().stream().map(RedisNode::name).toList(),
                redis.copies().stream()
                        .flatMap(copies -> Stream.of(copies, copies.reversed()))
                        .map(copies -> copies.stream().map(RedisNode::name).collect(joining(", ")))
                        .toList(),
                List.copyOf(wires.keySet()),
                !(redis instanceof StandaloneRedis),
                redis instanceof ClusterRedis);
    }

    /** Returns when all are ready. */
    Stage start() throws Exception {
        redis.start();
        for (Service service : services()) {
            service.start();
        }
        services().forEach(Service::awaitReadiness);
        return this;
    }

    RedisDeployment redis() {
        return redis;
    }

    List<Service> gateways() {
        return gateways;
    }

    List<Service> webs() {
        return webs;
    }

    List<Service> services() {
        List<Service> all = new ArrayList<>(webs);
        all.addAll(gateways);
        return all;
    }

    List<Integer> clientPorts() {
        return clientWires.stream().map(Wire::port).toList();
    }

    List<Integer> publisherPorts() {
        return publisherWires.stream().map(Wire::port).toList();
    }

    Wire wire(String name) {
        return Objects.requireNonNull(wires.get(name), name);
    }

    Breakable process(String name) {
        return Objects.requireNonNull(processes.get(name), name);
    }

    Map<String, Breakable> processes() {
        return processes;
    }

    @Override
    public void close() throws Exception {
        try {
            wires.values().forEach(Wire::close);
            for (Service service : services()) {
                service.close();
            }
        } finally {
            redis.close();
        }
    }
}
