package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.History;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Retention;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import io.whimbrel.ops.Health;
import io.whimbrel.ops.Spans;
import io.whimbrel.ops.TrustedProxies;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A topic that is kept and is no address, whose history the broker reads when the test says so. */
class KeptTopicTest {
    private static final Topic NEWS = new Topic("news");

    private final FakeVerifier verifier = new FakeVerifier();
    private final EventLoops loops = new EventLoops(1);
    private final MemoryNetwork network = new MemoryNetwork(
            MemoryNetwork.DEFAULT_QUEUE_LIMIT,
            new HistoryRules(
                    Retention.NONE,
                    List.of(new HistoryRules.Rule(new TopicPattern("news"), new Retention(100, Duration.ofHours(1))))),
            Instant::now);
    private final Broker publisher = network.join(Broker.Listener.NONE);
    private final BlockingQueue<Runnable> readings = new LinkedBlockingQueue<>();
    private final BlockingQueue<Publication> onTheWay = new LinkedBlockingQueue<>();
    private Broker.Listener listener = Broker.Listener.NONE;
    private Gateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new Gateway(
                TestGateway.settings(),
                loops,
                (inner, _) -> {
                    listener = inner;
                    return withHeldReadings(network.join(onTheWay::add));
                },
                verifier,
                new Revocations(InstantSource.system()),
                TrustedProxies.NONE,
                null,
                new SimpleMeterRegistry(),
                new Health(),
                Spans.NONE);
    }

    private Broker withHeldReadings(Broker inner) {
        return (Broker) Proxy.newProxyInstance(
                Broker.class.getClassLoader(), new Class<?>[] {Broker.class}, (_, method, arguments) -> {
                    if (!method.getName().equals("history")) {
                        return method.invoke(inner, arguments);
                    }
                    CompletableFuture<History> answer = new CompletableFuture<>();
                    readings.add(() -> inner.history(NEWS, (long) arguments[1], (int) arguments[2])
                            .whenComplete((history, _) -> answer.complete(history)));
                    return answer;
                });
    }

    @AfterEach
    void stop() {
        gateway.stop();
        loops.close();
        publisher.close();
    }

    @Test
    void whoComesWhileAnotherDoesCostsItNothing() throws Exception {
        try (RawClient first = come();
                RawClient second = come()) {
            Runnable readingOfFirst = nextReading();
            Runnable readingOfSecond = nextReading();
            readingOfFirst.run();
            assertThat(first.readHead()).startsWith("HTTP/1.1 101 ");
            publisher
                    .publish(new Publication("m1", NEWS, 7, null, "1".getBytes(UTF_8)))
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
            readingOfSecond.run();
            assertThat(second.readHead()).startsWith("HTTP/1.1 101 ");

            listener.onPublication(requireNonNull(onTheWay.poll(10, TimeUnit.SECONDS)));

            assertThat(first.readMessage().text()).startsWith("{\"message\":1,\"id\":\"m1\"");
        }
    }

    private RawClient come() throws IOException {
        Address client = verifier.newClient();
        verifier.answer(tokenOf(client), new TokenVerdict.Valid(client, TokenVerdict.Valid.NEVER, List.of(NEWS)));
        RawClient raw = new RawClient(gateway.port());
        raw.send(RawClient.upgrade("/ws?token=" + tokenOf(client)).getBytes(UTF_8));
        return raw;
    }

    private Runnable nextReading() throws InterruptedException {
        return requireNonNull(readings.poll(10, TimeUnit.SECONDS));
    }
}
