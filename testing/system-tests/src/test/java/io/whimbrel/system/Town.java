package io.whimbrel.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Redis, a web server and gateways, each a process of its own on free ports, sharing nothing but the network. */
final class Town implements AutoCloseable {
    private final Path folder;
    private final Deque<Part> parts = new ArrayDeque<>();

    Part redis;
    Part web;
    final List<Part> gateways = new ArrayList<>();
    /** Further settings of web servers, and of gateways, that are started from now on. */
    final List<String> webSettings = new ArrayList<>();

    final List<String> gatewaySettings = new ArrayList<>();

    Town(Path folder) {
        this.folder = folder;
    }

    /** Everything that is needed, with this many gateways; returns when all are ready. */
    Town start(int gatewayCount) throws IOException {
        redis = startRedis("0");
        web = startWeb(redis.port());
        for (int i = 0; i < gatewayCount; i++) {
            gateways.add(startGateway(redis.port(), web.port()));
        }
        web.awaitReadiness(200);
        gateways.forEach(gateway -> gateway.awaitReadiness(200));
        return this;
    }

    Part startRedis(String port, String... more) throws IOException {
        return keep(Part.start(
                "redis", with(List.of(more), "--redis.port=" + port, "--data=" + folder.resolve("redis-data"))));
    }

    /** Where Redis keeps what it was told. */
    Path redisFolder() {
        return folder.resolve("redis-data/redis");
    }

    /** The server behind {@link #redis}, which is another process, and after its death again another one. */
    ProcessHandle redisServer() throws IOException {
        long pid = Long.parseLong(
                Files.readString(redisFolder().resolve("redis.pid")).strip());
        return ProcessHandle.of(pid).orElseThrow();
    }

    void restartWebOn(int port) throws Exception {
        web = startWebOn(port, redis.port());
        web.awaitReadiness(200);
        web.port();
    }

    List<Integer> gatewayPorts() {
        return gateways.stream().map(Part::port).toList();
    }

    Backend backend() {
        return new Backend(web.port());
    }

    Part startWeb(int redisPort, String... more) throws IOException {
        return startWebOn(0, redisPort, more);
    }

    Part startWebOn(int port, int redisPort, String... more) throws IOException {
        return keep(Part.start(
                "web",
                with(
                        webSettings,
                        more,
                        "--web.host=127.0.0.1",
                        "--web.port=" + port,
                        "--web.admin.port=0",
                        "--redis=redis://127.0.0.1:" + redisPort,
                        "--data=" + folder.resolve("web-data"))));
    }

    Part startGateway(int redisPort, int webPort, String... more) throws IOException {
        return startGatewayOn(0, 0, redisPort, webPort, more);
    }

    Part startGatewayOn(int port, int adminPort, int redisPort, int webPort, String... more) throws IOException {
        return keep(Part.start(
                "gateway",
                with(
                        gatewaySettings,
                        more,
                        "--gateway.host=127.0.0.1",
                        "--gateway.port=" + port,
                        "--gateway.admin.port=" + adminPort,
                        "--gateway.drain.seconds=1",
                        "--gateway.auth.url=http://127.0.0.1:" + webPort + "/auth/{token}",
                        "--redis=redis://127.0.0.1:" + redisPort)));
    }

    int gatewayPort() {
        return gateways.getFirst().port();
    }

    Client newClient() throws Exception {
        return Client.of(web.port());
    }

    private Part keep(Part part) {
        parts.push(part);
        return part;
    }

    private static String[] with(List<String> always, String[] more, String... usual) {
        List<String> all = new ArrayList<>(always);
        all.addAll(List.of(more));
        return with(all, usual);
    }

    private static String[] with(List<String> more, String... usual) {
        List<String> all = new ArrayList<>(List.of(usual));
        all.addAll(more);
        return all.toArray(String[]::new);
    }

    @Override
    public void close() throws Exception {
        AssertionError failure = null;
        for (Part part : parts) {
            try {
                part.close();
            } catch (AssertionError e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
