package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static io.whimbrel.gateway.RawClient.upgrade;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.whimbrel.auth.Revocations;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Retention;
import io.whimbrel.broker.Tops;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.Health;
import io.whimbrel.ops.TrustedProxies;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A gateway over real sockets and a broker in memory that keeps, whose publications the test may lose. */
abstract class KeptTopics {
    static final Duration SOON = Duration.ofSeconds(10);
    static final int KEPT = 100;
    static final ObjectMapper JSON = new ObjectMapper();

    /** By how much the broker's clock has jumped. */
    volatile Duration later = Duration.ZERO;

    final FakeVerifier verifier = new FakeVerifier();
    final EventLoops loops = new EventLoops(2);
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final RecordingSpans spans = new RecordingSpans();
    final MemoryNetwork network = new MemoryNetwork(
            MemoryNetwork.DEFAULT_QUEUE_LIMIT,
            new HistoryRules(new Retention(KEPT, Duration.ofHours(1)), List.of()),
            () -> Instant.now().plus(later));
    final AtomicReference<Broker.Listener> listener = new AtomicReference<>();
    volatile Predicate<Publication> loses = _ -> false;
    /** Of these the broker does not say where they stand. */
    volatile Set<Topic> away = Set.of();

    final Address client = verifier.newClient();
    Broker publisher;
    Gateway gateway;

    @BeforeEach
    void start() throws IOException {
        publisher = network.join(Broker.Listener.NONE);
        start(TestGateway.settings());
    }

    final void start(GatewaySettings settings) throws IOException {
        gateway = new Gateway(
                settings,
                loops,
                (inner, _) -> {
                    listener.set(inner);
                    return inParts(network.join(publication -> {
                        if (!loses.test(publication)) {
                            inner.onPublication(publication);
                        }
                    }));
                },
                verifier,
                new Revocations(InstantSource.system()),
                TrustedProxies.NONE,
                null,
                metrics,
                new Health(),
                spans);
    }

    private Broker inParts(Broker whole) {
        return (Broker) Proxy.newProxyInstance(
                Broker.class.getClassLoader(),
                new Class<?>[] {Broker.class},
                (_, method, arguments) -> method.getName().equals("tops")
                        ? topsOfThoseThere(whole, asTopics(arguments[0]))
                        : invoke(whole, method, arguments));
    }

    private static Object invoke(Broker whole, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(whole, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @SuppressWarnings("unchecked")
    private static Collection<Topic> asTopics(Object argument) {
        return (Collection<Topic>) argument;
    }

    private CompletionStage<Tops> topsOfThoseThere(Broker whole, Collection<Topic> topics) {
        Set<Topic> there = new HashSet<>(topics);
        Set<Topic> unread = new HashSet<>(away);
        unread.retainAll(topics);
        there.removeAll(unread);
        return whole.tops(there).thenApply(tops -> new Tops(tops.positions(), unread));
    }

    @AfterEach
    void stop() {
        gateway.stop();
        loops.close();
        publisher.close();
    }

    final RawClient open(@Nullable Position since) throws IOException {
        RawClient raw = new RawClient(gateway.port());
        String answer = raw.exchange(upgrade(target(since)));
        assertThat(answer).startsWith("HTTP/1.1 101 ");
        return raw;
    }

    final String target(@Nullable Position since) {
        String target = "/ws?token=" + tokenOf(client);
        return since == null ? target : "%s&offset=%d&epoch=%s".formatted(target, since.offset(), since.epoch());
    }

    /** Answers where the last one stands. */
    final Position publish(int from, int to) throws Exception {
        Position last = null;
        for (int i = from; i <= to; i++) {
            last = publish(publication(i));
        }
        return requireNonNull(last);
    }

    final Position publish(Publication publication) throws Exception {
        return requireNonNull(publisher
                .publish(publication)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .position());
    }

    final Publication publication(int i) {
        return new Publication(
                "m" + i, Topic.of(client), 7, null, Integer.toString(i).getBytes(UTF_8));
    }

    static JsonNode next(RawClient raw) throws IOException {
        return JSON.readTree(raw.readMessage().text());
    }

    static List<Long> offsets(RawClient raw, int count) throws IOException {
        List<Long> offsets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            JsonNode frame = next(raw);
            assertThat(frame.has("message")).as(frame.toString()).isTrue();
            offsets.add(frame.path("offset").asLong());
        }
        return offsets;
    }

    static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }

    /** Gateways tell the broker a little later. */
    final void awaitCursor(long offset) {
        await().atMost(SOON).until(() -> cursor() == offset);
    }

    final long cursor() throws Exception {
        return publisher
                .inbox(Topic.of(client), 0)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .after();
    }

    final double metric(String name) {
        return metrics.get(name).functionCounter().count();
    }
}
