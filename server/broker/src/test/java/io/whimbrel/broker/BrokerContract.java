package io.whimbrel.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.awaitility.Awaitility.await;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every broker must do. A test joins nodes, which are all closed behind it. */
public abstract class BrokerContract {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Topic BIRDS = new Topic("birds of {the} shore ✓");
    private static final Topic FISH = new Topic("fish");

    private final List<Broker> nodes = new ArrayList<>();
    private final RecordingListener listener = new RecordingListener();

    /** A new node beside those that joined before. */
    protected abstract Broker join(Broker.Listener listener);

    @AfterEach
    void closeAll() {
        nodes.forEach(Broker::close);
    }

    private Broker node(Broker.Listener nodeListener) {
        Broker node = join(nodeListener);
        nodes.add(node);
        await().atMost(SOON).until(() -> node.outage().isEmpty());
        return node;
    }

    @Test
    void aPublicationReachesASubscriberUnchanged() throws Exception {
        Broker node = node(listener);
        Address from = Address.random();
        get(node.subscribe(BIRDS));

        int count = get(node.publish(new Publication("id-1", BIRDS, 1_700_000_000_000L, from, bytes("{\"a\": 1}"))));

        Publication received = only();
        assertThat(count).isEqualTo(1);
        assertThat(received.id()).isEqualTo("id-1");
        assertThat(received.topic()).isEqualTo(BIRDS);
        assertThat(received.timeMillis()).isEqualTo(1_700_000_000_000L);
        assertThat(received.from()).isEqualTo(from);
        assertThat(received.payload()).isEqualTo(bytes("{\"a\": 1}"));
    }

    @Test
    void aPublicationMayHaveNoSender() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));

        get(node.publish(new Publication("id-1", BIRDS, 0, null, bytes("1"))));

        assertThat(only().from()).isNull();
    }

    @Test
    void everyByteOfAPayloadArrivesAsItWas() throws Exception {
        Broker node = node(listener);
        byte[] awkward = bytes("\"\n\r\n\0 1 x 2 -\n ü 漢字 🐦 \u2028\"");
        byte[] large = new byte[64 * 1024];
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) i;
        }
        get(node.subscribe(BIRDS));

        get(node.publish(publication("awkward", BIRDS, awkward)));
        get(node.publish(publication("large", BIRDS, large)));
        get(node.publish(publication("empty", BIRDS, new byte[0])));

        await().atMost(SOON).until(() -> listener.received().size() == 3);
        assertThat(listener.received()).extracting(Publication::payload).containsExactly(awkward, large, new byte[0]);
    }

    @Test
    void publicationsOfOneTopicArriveInOrderAndOnce() throws Exception {
        Broker publisher = node(Broker.Listener.NONE);
        Broker node = node(listener);
        get(node.subscribe(BIRDS));
        List<String> ids = IntStream.range(0, 2000).mapToObj(i -> "id-" + i).toList();

        CompletionStage<Integer> last = publisher.publish(publication("first", FISH));
        for (String id : ids) {
            last = publisher.publish(publication(id, BIRDS));
        }
        get(last);

        await().atMost(SOON).until(() -> listener.received().size() >= ids.size());
        assertThat(listener.ids()).isEqualTo(ids);
        assertThat(listener.threads()).hasSize(1).doesNotContain(Thread.currentThread());
    }

    @Test
    void publishersAtTheSameTimeDoNotDisturbEachOthersOrder() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));
        int threads = 4;
        int each = 500;
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> publishers = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            Broker publisher = node(Broker.Listener.NONE);
            String name = thread + "-";
            publishers.add(Thread.ofVirtual().start(() -> {
                awaitUnchecked(go);
                for (int i = 0; i < each; i++) {
                    var _ = publisher.publish(publication(name + i, BIRDS));
                }
            }));
        }

        go.countDown();
        for (Thread publisher : publishers) {
            assertThat(publisher.join(SOON)).isTrue();
        }

        await().atMost(SOON).until(() -> listener.received().size() >= threads * each);
        for (int thread = 0; thread < threads; thread++) {
            String name = thread + "-";
            assertThat(listener.ids().stream().filter(id -> id.startsWith(name)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, each).mapToObj(i -> name + i).toList());
        }
    }

    @Test
    void everySubscribedNodeReceivesAndIsCounted() throws Exception {
        RecordingListener otherListener = new RecordingListener();
        Broker one = node(listener);
        Broker other = node(otherListener);
        Broker publisher = node(Broker.Listener.NONE);
        get(one.subscribe(BIRDS));
        get(other.subscribe(BIRDS));
        get(other.subscribe(FISH));

        int both = get(publisher.publish(publication("to-both", BIRDS)));
        int single = get(publisher.publish(publication("to-other", FISH)));
        int nobody = get(publisher.publish(publication("to-nobody", new Topic("stones"))));

        assertThat(List.of(both, single, nobody)).containsExactly(2, 1, 0);
        await().atMost(SOON).until(() -> otherListener.received().size() == 2);
        await().atMost(SOON).until(() -> listener.received().size() == 1);
        assertThat(otherListener.ids()).containsExactly("to-both", "to-other");
        assertThat(listener.ids()).containsExactly("to-both");
    }

    @Test
    void subscribingTwiceIsTheSameAsOnce() throws Exception {
        Broker node = node(listener);
        CompletionStage<Void> first = node.subscribe(BIRDS);
        CompletionStage<Void> second = node.subscribe(BIRDS);
        get(first);
        get(second);
        get(node.subscribe(BIRDS));

        int count = get(node.publish(publication("once", BIRDS)));
        assertThat(listener.nextId(SOON)).isEqualTo("once");
        node.unsubscribe(BIRDS);

        assertThat(count).isEqualTo(1);
        awaitCount(node, BIRDS, 0);
        assertThat(listener.ids()).containsOnlyOnce("once");
    }

    @Test
    void anUnsubscribedTopicIsNotReceivedAnyMore() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));
        get(node.subscribe(FISH));

        node.unsubscribe(BIRDS);
        node.unsubscribe(new Topic("never subscribed"));

        awaitCount(node, BIRDS, 0);
        assertThat(get(node.publish(publication("still", FISH)))).isEqualTo(1);
    }

    @Test
    void callsForOneTopicTakeEffectInTheirOrder() throws Exception {
        Broker node = node(listener);

        for (int round = 0; round < 200; round++) {
            var _ = node.subscribe(BIRDS);
            node.unsubscribe(BIRDS);
            var _ = node.subscribe(FISH);
            node.unsubscribe(FISH);
            CompletionStage<Void> last = node.subscribe(BIRDS);
            get(last);

            assertThat(get(node.publish(publication("in-" + round, BIRDS)))).isEqualTo(1);
            assertThat(listener.nextId(SOON)).isEqualTo("in-" + round);
            node.unsubscribe(BIRDS);
        }

        awaitCount(node, BIRDS, 0);
        awaitCount(node, FISH, 0);
        assertThat(listener.ids())
                .containsExactlyElementsOf(
                        IntStream.range(0, 200).mapToObj(i -> "in-" + i).toList());
    }

    @Test
    void whatIsPublishedAfterSubscribingCompletedIsReceived() throws Exception {
        Broker node = node(listener);
        Broker publisher = node(Broker.Listener.NONE);

        for (int i = 0; i < 200; i++) {
            Topic topic = new Topic("topic-" + i);
            get(node.subscribe(topic));
            get(publisher.publish(publication("id-" + i, topic)));
        }

        await().atMost(SOON).until(() -> listener.received().size() == 200);
    }

    @Test
    void aListenerThatFailsIsCalledAgain() throws Exception {
        Broker node = node(publication -> {
            listener.onPublication(publication);
            throw new IllegalStateException("a bug");
        });
        get(node.subscribe(BIRDS));

        get(node.publish(publication("one", BIRDS)));
        get(node.publish(publication("two", BIRDS)));

        await().atMost(SOON).until(() -> listener.received().size() == 2);
    }

    @Test
    void whatWasDoneIsCounted() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));

        get(node.publish(publication("one", BIRDS)));
        get(node.publish(publication("two", FISH)));

        await().atMost(SOON).until(() -> node.counters().received.sum() == 1);
        assertThat(node.counters().published.sum()).isEqualTo(2);
        assertThat(node.counters().publishFailures.sum()).isZero();
    }

    @Test
    void plainChannelsCarryBytesAsTheyAre() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);
        Queue<byte[]> records = new ConcurrentLinkedQueue<>();
        String channel = "article-" + PublicationId.next(0);
        byte[] record = {0, '\n', (byte) 0xFF, '{'};
        plain(node).listen(channel, records::add);
        await().atMost(SOON).until(() -> get(plain(other).publish(channel, new byte[0])) == 1);
        records.clear();

        int count = get(plain(other).publish(channel, record));
        int nobody = get(plain(other).publish(channel + "x", record));

        assertThat(count).isEqualTo(1);
        assertThat(nobody).isZero();
        await().atMost(SOON).until(() -> records.stream().anyMatch(it -> it.length > 0));
        assertThat(records).filteredOn(it -> it.length > 0).containsExactly(record);
    }

    @Test
    void plainChannelsAndTopicsOfOneNameAreApart() throws Exception {
        Broker node = node(listener);
        Queue<byte[]> records = new ConcurrentLinkedQueue<>();
        plain(node).listen(FISH.name(), records::add);
        get(node.subscribe(FISH));
        await().atMost(SOON).until(() -> get(plain(node).publish(FISH.name(), bytes("plain"))) == 1);

        get(node.publish(publication("topic", FISH)));

        assertThat(only().id()).isEqualTo("topic");
        await().atMost(SOON).until(() -> !records.isEmpty());
        assertThat(records).allSatisfy(it -> assertThat(it).isEqualTo(bytes("plain")));
    }

    @Test
    void aClosedBrokerReceivesAndSendsNothingAndSaysSo() throws Exception {
        Broker node = node(listener);
        Broker other = node(Broker.Listener.NONE);
        get(node.subscribe(BIRDS));

        node.close();
        node.close();

        awaitCount(other, BIRDS, 0);
        assertThat(node.outage()).isPresent();
        assertThat(failure(node.publish(publication("late", BIRDS)))).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.subscribe(BIRDS))).isInstanceOf(BrokerUnavailableException.class);
        assertThatNoException().isThrownBy(() -> node.unsubscribe(BIRDS));
        assertThat(node.counters().publishFailures.sum()).isEqualTo(1);
        assertThat(listener.received()).isEmpty();
    }

    private void awaitCount(Broker publisher, Topic topic, int expected) {
        await().atMost(SOON).until(() -> get(publisher.publish(publication("probe", topic))) == expected);
    }

    private Publication only() {
        await().atMost(SOON).until(() -> !listener.received().isEmpty());
        assertThat(listener.received()).hasSize(1);
        return listener.received().getFirst();
    }

    private static PlainChannels plain(Broker broker) {
        return broker.plainChannels().orElseThrow();
    }

    public static Publication publication(String id, Topic topic) {
        return publication(id, topic, bytes("{}"));
    }

    private static Publication publication(String id, Topic topic, byte[] payload) {
        return new Publication(id, topic, 1, null, payload);
    }

    public static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(SOON.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The failure as a callback on the stage itself sees it. */
    public static @Nullable Throwable failure(CompletionStage<?> stage) throws Exception {
        AtomicReference<@Nullable Throwable> seen = new AtomicReference<>();
        CountDownLatch completed = new CountDownLatch(1);
        var _ = stage.whenComplete((_, failure) -> {
            seen.set(failure);
            completed.countDown();
        });
        assertThat(completed.await(SOON.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
        return seen.get();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
