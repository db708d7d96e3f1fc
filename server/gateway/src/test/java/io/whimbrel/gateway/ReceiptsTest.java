package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a gateway tells of publications whose senders want to know: sessions, of them written, of them acknowledged. */
class ReceiptsTest extends KeptTopics {
    private static final Tracking RECEIPT = new Tracking(true, null, false, null);

    @Test
    void whatSocketsTookIsWritten() throws Exception {
        try (RawClient one = open(null);
                RawClient other = open(null)) {
            String id = publishAsking(Topic.of(client));

            awaitReceipt(id, 2, 2, 0);
            assertThat(offsets(one, 1)).isEqualTo(offsets(other, 1));
        }
    }

    @Test
    void whatClientsAcknowledgeIsAcked() throws Exception {
        try (RawClient one = open(null);
                RawClient other = open(null)) {
            String id = publishAsking(Topic.of(client));
            publish(2, 2);
            offsets(one, 2);
            offsets(other, 2);

            one.send(ClientFrames.text("{\"ack\":2}"));
            awaitReceipt(id, 2, 2, 1);
            one.send(ClientFrames.text("{\"ack\":2}"));
            one.send(ClientFrames.text("{\"ack\":1}"));
            other.send(ClientFrames.text("{\"ack\":3}"));
            other.send(ClientFrames.text("{\"ack\":1}"));
            awaitReceipt(id, 2, 2, 2);
        }
    }

    @Test
    void whoComesLaterIsCountedWhenItHasIt() throws Exception {
        String id = publishAsking(Topic.of(client));
        assertThat(receipt(id).counts()).isEmpty();

        try (RawClient raw = open(null)) {
            offsets(raw, 1);
            awaitReceipt(id, 1, 1, 0);
            raw.send(ClientFrames.text("{\"ack\":1}"));
            awaitReceipt(id, 1, 1, 1);
        }
        awaitCursor(1); // before that the next one would be given the first publication again
        try (RawClient raw = open(null)) {
            publish(2, 2);
            assertThat(offsets(raw, 1)).containsExactly(2L);
        }
        awaitReceipt(id, 1, 1, 1);
    }

    @Test
    void aPublicationThatCameTheOtherWayIsCountedOnce() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 1);
            loses = publication -> publication.id().equals("m2");
            publish(2, 2);
            String id = publishAsking(Topic.of(client));

            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            awaitReceipt(id, 1, 1, 0);
        }
    }

    @Test
    void bytesThatWaitForTheClientAreNotWritten() throws Exception {
        byte[] large = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(RawClient.upgrade(target(null)));
            int count = 0;
            while (metrics.get("whimbrel.gateway.outbox.bytes").gauge().value() < 2 * large.length) {
                count++;
                publish(new Publication("m" + count, Topic.of(client), 7, null, large));
                int given = count;
                await().pollInterval(Duration.ofMillis(1)).until(() -> metric("whimbrel.gateway.deliveries") >= given);
            }
            String id = publishAsking(Topic.of(client));

            awaitReceipt(id, 1, 0, 0);
            offsets(raw, count + 1);
            awaitReceipt(id, 1, 1, 0);
        }
    }

    @Test
    void whoWaitsHearsNothingBeforeEverybodyWasCounted() throws Exception {
        Queue<Receipts.Count> heard = new ConcurrentLinkedQueue<>();
        String asker = publisher.receipts().hear(heard::add);
        List<RawClient> clients =
                List.of(open(null), open(null), open(null), open(null), open(null), open(null), open(null), open(null));

        publisher.publish(asking(Topic.of(client), new Tracking(true, asker, false, null)));

        await().atMost(SOON).until(() -> heard.stream().anyMatch(count -> count.written() == clients.size()));
        assertThat(heard).allMatch(count -> count.sessions() == clients.size());
        for (RawClient each : clients) {
            each.close();
        }
    }

    @Test
    void aTopicNobodyHasAnyMoreIsToldOfWithZeros() throws Exception {
        try (RawClient raw = open(null)) {
            Broker alone = network.join(Broker.Listener.NONE);
            listener.get().onPublication(asking(new Topic("nobody here"), RECEIPT));
            alone.close();
            String id = publishAsking(Topic.of(client));
            awaitReceipt(id, 1, 1, 0);
        }
    }

    /** Nobody will have it: its sender hears of all who should. */
    @Test
    void whatAFullInboxDroppedIsToldOf() throws Exception {
        gateway.stop();
        metrics.clear();
        start(TestGateway.settings()
                .withLimits(new GatewaySettings.Limits(100, 65_536, 1 << 20, 10_000, 1 << 28, 1024, 65_536)));
        Topic chat = new Topic("chat"); // of which nothing is kept
        verifier.answer(tokenOf(client), new TokenVerdict.Valid(client, TokenVerdict.Valid.NEVER, List.of(chat)));
        try (RawClient raw = open(null)) {
            Publication large = new Publication(PublicationId.next(7), chat, 7, null, new byte[1000]).tracked(RECEIPT);
            publisher.receipts().open(large).toCompletableFuture().get(10, TimeUnit.SECONDS);

            publisher.publish(large).toCompletableFuture().get(10, TimeUnit.SECONDS);

            awaitReceipt(large.id(), 1, 0, 0);
            assertThat(raw).isNotNull();
        }
    }

    private String publishAsking(Topic topic) throws Exception {
        Publication publication = asking(topic, RECEIPT);
        publisher.receipts().open(publication).toCompletableFuture().get(10, TimeUnit.SECONDS);
        publish(publication);
        return publication.id();
    }

    private static Publication asking(Topic topic, Tracking tracking) {
        return new Publication(PublicationId.next(7), topic, 7, null, "0".getBytes(UTF_8)).tracked(tracking);
    }

    private void awaitReceipt(String id, int sessions, int written, int acked) {
        await().atMost(SOON).untilAsserted(() -> {
            Receipt receipt = receipt(id);
            assertThat(List.of(receipt.sessions(), receipt.written(), receipt.acked()))
                    .containsExactly(sessions, written, acked);
        });
    }

    private Receipt receipt(String id) throws Exception {
        return publisher
                .receipts()
                .find(id)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .orElseThrow();
    }
}
