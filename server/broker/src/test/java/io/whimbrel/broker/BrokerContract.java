package io.whimbrel.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import io.whimbrel.model.Tracking;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every broker must do. A test joins nodes, which are all closed behind it. */
public abstract class BrokerContract {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Topic BIRDS = new Topic("birds of {the} shore ✓");
    private static final Topic FISH = new Topic("fish");
    private static final Topic KEPT = new Topic("kept: {the} birds ✓");
    private static final int MOST = 5;

    /** What the nodes of this contract keep. */
    protected static final HistoryRules RULES = new HistoryRules(
            new Retention(100, Duration.ofHours(24)),
            List.of(
                    new HistoryRules.Rule(new TopicPattern("kept*"), new Retention(MOST, Duration.ofHours(1))),
                    new HistoryRules.Rule(new TopicPattern("many"), new Retention(10_000, Duration.ofHours(1))),
                    new HistoryRules.Rule(new TopicPattern("brief"), new Retention(MOST, Duration.ofSeconds(1)))));

    private final List<Broker> nodes = new ArrayList<>();
    private final RecordingListener listener = new RecordingListener();

    /** A new node beside those that joined before. */
    protected abstract Broker join(Broker.Listener listener);

    /** All that is kept is lost, as when Redis is wiped; the nodes stay connected. */
    protected abstract void loseEverything();

    /** Makes it keep so many notices of a kind, in a quicker way than one after the other. */
    protected abstract void fill(String kind, int count, long untilMillis) throws Exception;

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

        int count = nodes(node.publish(new Publication("id-1", BIRDS, 1_700_000_000_000L, from, bytes("{\"a\": 1}"))));

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

        nodes(node.publish(new Publication("id-1", BIRDS, 0, null, bytes("1"))));

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

        nodes(node.publish(publication("awkward", BIRDS, awkward)));
        nodes(node.publish(publication("large", BIRDS, large)));
        nodes(node.publish(publication("empty", BIRDS, new byte[0])));

        await().atMost(SOON).until(() -> listener.received().size() == 3);
        assertThat(listener.received()).extracting(Publication::payload).containsExactly(awkward, large, new byte[0]);
    }

    @Test
    void publicationsOfOneTopicArriveInOrderAndOnce() throws Exception {
        Broker publisher = node(Broker.Listener.NONE);
        Broker node = node(listener);
        get(node.subscribe(BIRDS));
        List<String> ids = IntStream.range(0, 2000).mapToObj(i -> "id-" + i).toList();

        CompletionStage<Published> last = publisher.publish(publication("first", FISH));
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

        int both = nodes(publisher.publish(publication("to-both", BIRDS)));
        int single = nodes(publisher.publish(publication("to-other", FISH)));
        int nobody = nodes(publisher.publish(publication("to-nobody", new Topic("stones"))));

        assertThat(List.of(both, single, nobody)).containsExactly(2, 1, 0);
        await().atMost(SOON).until(() -> otherListener.received().size() == 2);
        await().atMost(SOON).until(() -> listener.received().size() == 1);
        assertThat(otherListener.ids()).containsExactlyInAnyOrder("to-both", "to-other"); // topics have an order each
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

        int count = nodes(node.publish(publication("once", BIRDS)));
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
        assertThat(nodes(node.publish(publication("still", FISH)))).isEqualTo(1);
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

            assertThat(nodes(node.publish(publication("in-" + round, BIRDS)))).isEqualTo(1);
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
            nodes(publisher.publish(publication("id-" + i, topic)));
        }

        await().atMost(SOON).until(() -> listener.received().size() == 200);
    }

    @Test
    void keptPublicationsHavePositionsWithoutAGap() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(KEPT));

        Published first = get(node.publish(publication("one", KEPT)));
        Published second = get(node.publish(publication("two", KEPT)));

        Position position = requireNonNull(first.position());
        assertThat(position.offset()).isEqualTo(1);
        assertThat(first.nodes()).isEqualTo(1);
        assertThat(second.position()).isEqualTo(position.at(2));
        await().atMost(SOON).until(() -> listener.received().size() == 2);
        assertThat(listener.received())
                .extracting(Publication::position)
                .containsExactly(first.position(), second.position());
    }

    @Test
    void whatIsNotKeptHasNoPosition() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));

        Published published = get(node.publish(publication("one", BIRDS)));

        assertThat(published.position()).isNull();
        assertThat(only().position()).isNull();
        assertThat(node.keeps(BIRDS)).isFalse();
        assertThat(node.keeps(KEPT)).isTrue();
        assertThatThrownBy(() -> node.history(BIRDS, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatIsKeptIsFoundAsItWasSent() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);
        Address from = Address.random();
        byte[] payload = bytes("\"\n 1 x 2 -\n 漢字 🐦\"");
        Published published = get(node.publish(new Publication("id-1", KEPT, 1_700_000_000_000L, from, payload)));

        History history = get(other.history(KEPT, 0, 10));

        assertThat(history.top()).isEqualTo(published.position());
        Publication kept = history.publications().getFirst();
        assertThat(history.publications()).hasSize(1);
        assertThat(kept.id()).isEqualTo("id-1");
        assertThat(kept.topic()).isEqualTo(KEPT);
        assertThat(kept.timeMillis()).isEqualTo(1_700_000_000_000L);
        assertThat(kept.from()).isEqualTo(from);
        assertThat(kept.payload()).isEqualTo(payload);
        assertThat(kept.position()).isEqualTo(published.position());
    }

    @Test
    void theLastOnesAreKeptInOrder() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        for (int i = 1; i <= MOST + 3; i++) {
            get(node.publish(publication("id-" + i, KEPT)));
        }

        assertThat(idsOf(get(node.history(KEPT, 0, 100)))).containsExactly("id-4", "id-5", "id-6", "id-7", "id-8");
        assertThat(idsOf(get(node.history(KEPT, 6, 100)))).containsExactly("id-7", "id-8");
        assertThat(idsOf(get(node.history(KEPT, 4, 2)))).containsExactly("id-5", "id-6");
        History top = get(node.history(KEPT, 0, 0));
        assertThat(top.publications()).isEmpty();
        assertThat(top.top().offset()).isEqualTo(8);
        assertThat(idsOf(get(node.history(KEPT, 8, 100)))).isEmpty();
        assertThat(idsOf(get(node.history(KEPT, 99, 100)))).isEmpty();
    }

    @Test
    void theLatestAloneIsReadTogetherWithTheTop() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        History before = get(node.latest(KEPT));
        Position top = publishTo(node, KEPT, 3);
        get(node.publish(publication("newest", KEPT)));
        get(node.moveCursors(Map.of(KEPT, top)));

        History latest = get(node.latest(KEPT));

        assertThat(before.publications()).isEmpty();
        assertThat(before.top()).isEqualTo(top.at(0));
        assertThat(before.after()).isZero();
        assertThat(idsOf(latest)).containsExactly("newest");
        assertThat(latest.publications().getFirst().position()).isEqualTo(latest.top());
        assertThat(latest.top()).isEqualTo(top.at(4));
        assertThat(latest.after()).isEqualTo(3);
        assertThatThrownBy(() -> node.latest(BIRDS)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theLatestStandsAtTheTopAlsoWhilePublicationsCome() throws Exception {
        Topic many = new Topic("many");
        Broker publisher = node(Broker.Listener.NONE);
        Broker node = node(Broker.Listener.NONE);
        Thread publishing = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 2_000; i++) {
                var _ = publisher.publish(publication("id-" + i, many));
            }
        });

        for (long top = 0; top < 2_000; ) {
            History latest = get(node.latest(many));
            top = latest.top().offset();
            assertThat(offsetOfLast(latest.publications())).isEqualTo(top);
        }
        assertThat(publishing.join(SOON)).isTrue();
    }

    @Test
    void nothingIsReadFromBelowZero() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        assertThatThrownBy(() -> node.history(KEPT, -1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.history(KEPT, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.inbox(KEPT, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(get(node.history(KEPT, Long.MAX_VALUE, Integer.MAX_VALUE)).publications())
                .isEmpty();
    }

    @Test
    void theEpochOfATopicIsKnownBeforeItsFirstPublication() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        Position before = get(node.history(KEPT, 0, 10)).top();
        Published first = get(node.publish(publication("one", KEPT)));
        Position elsewhere =
                get(node.history(new Topic("kept elsewhere"), 0, 0)).top();

        assertThat(before.offset()).isZero();
        assertThat(first.position()).isEqualTo(before.at(1));
        assertThat(elsewhere.epoch()).isNotEqualTo(before.epoch());
    }

    @Test
    void anInboxHoldsWhatIsBeyondItsCursor() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);
        Position third = publishTo(node, KEPT, 3);
        publishTo(node, KEPT, 1);
        assertThat(offsetsOf(get(other.inbox(KEPT, 10)).publications())).containsExactly(1L, 2L, 3L, 4L);

        get(node.moveCursors(Map.of(KEPT, third)));

        History inbox = get(other.inbox(KEPT, 10));
        assertThat(inbox.after()).isEqualTo(3);
        assertThat(inbox.top()).isEqualTo(third.at(4));
        assertThat(offsetsOf(inbox.publications())).containsExactly(4L);
    }

    @Test
    void aCursorMovesForwardOnlyAndNotBeyondTheTopAndOnlyInItsEpoch() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Position top = publishTo(node, KEPT, 3);
        get(node.moveCursors(Map.of(KEPT, top.at(2))));

        get(node.moveCursors(Map.of(KEPT, top.at(1))));
        get(node.moveCursors(Map.of(KEPT, top.at(4))));
        get(node.moveCursors(Map.of(KEPT, new Position("another", 3))));

        assertThat(get(node.inbox(KEPT, 10)).after()).isEqualTo(2);
    }

    @Test
    void manyTopicsAreLookedAtAtOnce() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Map<Topic, Position> expected = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            Topic topic = new Topic("kept " + i);
            expected.put(topic, publishTo(node, topic, 1 + i % 2));
        }
        List<Topic> asked = new ArrayList<>(expected.keySet());
        asked.add(new Topic("kept, but never used"));

        assertThat(get(node.tops(asked))).isEqualTo(new Tops(expected, Set.of()));
        get(node.moveCursors(expected));
        for (Map.Entry<Topic, Position> each : expected.entrySet()) {
            assertThat(get(node.inbox(each.getKey(), 1)).after())
                    .isEqualTo(each.getValue().offset());
        }
    }

    private static Position publishTo(Broker node, Topic topic, int count) throws Exception {
        Position last = null;
        for (int i = 0; i < count; i++) {
            last = get(node.publish(publication("id", topic))).position();
        }
        return requireNonNull(last);
    }

    @Test
    void nobodyMissesAnythingBetweenHistoryAndSubscription() throws Exception {
        Topic many = new Topic("many");
        Broker publisher = node(Broker.Listener.NONE);
        Broker node = node(listener);
        int count = 2_000;
        Thread publishing = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < count; i++) {
                var _ = publisher.publish(publication("id-" + i, many));
            }
        });

        get(node.subscribe(many));
        History history = get(node.history(many, 0, count));
        assertThat(publishing.join(SOON)).isTrue();
        await().atMost(SOON).until(() -> get(node.history(many, 0, 0)).top().offset() == count);
        long top = history.top().offset();
        await().atMost(SOON).until(() -> top == count || offsetOfLast(listener.received()) == count);

        List<Long> offsets = new ArrayList<>(offsetsOf(history.publications()));
        offsetsOf(listener.received()).stream().filter(offset -> offset > top).forEach(offsets::add);
        assertThat(offsets).isEqualTo(LongStream.rangeClosed(1, count).boxed().toList());
    }

    @Test
    void publishersAtTheSameTimeShareOneCount() throws Exception {
        Broker node = node(listener);
        Broker one = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);
        get(node.subscribe(KEPT));

        for (int i = 0; i < 500; i++) {
            var _ = one.publish(publication("one-" + i, KEPT));
            var _ = other.publish(publication("other-" + i, KEPT));
        }

        await().atMost(SOON).until(() -> listener.received().size() == 1000);
        assertThat(offsetsOf(listener.received()))
                .isEqualTo(LongStream.rangeClosed(1, 1000).boxed().toList());
    }

    @Test
    void whatIsKeptForAShortTimeIsGoneAndItsOffsetsGoOn() throws Exception {
        Topic brief = new Topic("brief");
        Broker node = node(Broker.Listener.NONE);
        Published first = get(node.publish(publication("one", brief)));

        await().atMost(SOON)
                .until(() -> get(node.history(brief, 0, 10)).publications().isEmpty());
        Published second = get(node.publish(publication("two", brief)));

        assertThat(second.position()).isEqualTo(requireNonNull(first.position()).at(2));
        assertThat(idsOf(get(node.history(brief, 0, 10)))).containsExactly("two");
    }

    @Test
    void aReceiptHoldsWhatNodesTellLast() throws Exception {
        Broker publisher = node(Broker.Listener.NONE);
        Broker gateway = node(listener);
        Address sender = new Address(UUID.randomUUID());
        Publication asking = new Publication(PublicationId.next(1), KEPT, 1, sender, bytes("{}"))
                .tracked(new Tracking(true, null, false, null));
        get(gateway.subscribe(KEPT));

        get(publisher.receipts().open(asking));
        assertThat(get(gateway.receipts().find(asking.id())).orElseThrow().nodes())
                .isEqualTo(-1);
        Published published = get(publisher.publish(asking));
        get(publisher.receipts().settle(asking.id(), published));
        get(gateway.receipts().report(List.of(count(asking, "one", 3, 1, 0), count(asking, "one", 3, 2, 1))));
        get(gateway.receipts().report(List.of(count(asking, "other", 4, 0, 0))));

        Receipt receipt = get(gateway.receipts().find(asking.id())).orElseThrow();
        assertThat(receipt.topic()).isEqualTo(KEPT);
        assertThat(receipt.from()).isEqualTo(sender);
        assertThat(receipt.nodes()).isEqualTo(1);
        assertThat(receipt.position()).isEqualTo(published.position());
        assertThat(List.of(receipt.sessions(), receipt.written(), receipt.acked()))
                .containsExactly(7, 2, 1);
        assertThat(only().tracking()).isEqualTo(asking.tracking());
    }

    @Test
    void whoWaitsForAReceiptHearsOfIt() throws Exception {
        Broker publisher = node(Broker.Listener.NONE);
        Broker gateway = node(Broker.Listener.NONE);
        Queue<Receipts.Count> heard = new ConcurrentLinkedQueue<>();
        String asker = publisher.receipts().hear(heard::add);
        var one = new Receipts.Count(PublicationId.next(1), "node", asker, 2, 1, 0);
        var notOurs = new Receipts.Count(PublicationId.next(1), "node", asker + "x", 2, 1, 0);

        await().atMost(SOON).until(() -> {
            get(gateway.receipts().report(List.of(notOurs, one)));
            return !heard.isEmpty();
        });

        assertThat(heard).allSatisfy(count -> {
            assertThat(count.id()).isEqualTo(one.id());
            assertThat(count.node()).isEqualTo("node");
            assertThat(List.of(count.sessions(), count.written(), count.acked()))
                    .containsExactly(2, 1, 0);
        });
    }

    @Test
    void nobodyAskedMeansNoReceipt() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        get(node.receipts().report(List.of(new Receipts.Count("unheard-of", "node", null, 1, 1, 1))));

        assertThat(get(node.receipts().find("unheard-of"))).isEmpty();
        assertThat(get(node.receipts().find("nothing at all"))).isEmpty();
    }

    private static Receipts.Count count(Publication of, String node, int sessions, int written, int acked) {
        return new Receipts.Count(of.id(), node, null, sessions, written, acked);
    }

    @Test
    void aNoticeIsHeardByAllNodesAndByThoseThatComeLater() throws Exception {
        Broker poster = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        Queue<Notice> heardByOther = new ConcurrentLinkedQueue<>();
        Queue<Notice> heardLater = new ConcurrentLinkedQueue<>();
        get(poster.notices().hear("tide", heard::add));
        get(other.notices().hear("tide", heardByOther::add));

        Notice notice = notice("tide", "here", "it comes: {in} ~6 hours", 60_000);
        get(poster.notices().post(notice));
        get(node(listener).notices().hear("tide", heardLater::add));

        await().atMost(SOON).until(() -> heard.contains(notice) && heardByOther.contains(notice));
        assertThat(heardLater).containsExactly(notice); // by the time its stage completes
    }

    @Test
    void theLaterNoticeTakesThePlaceOfTheEarlier() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        Queue<Notice> heardLater = new ConcurrentLinkedQueue<>();
        get(node.notices().hear("tide", heard::add));

        Notice earlier = notice("tide", "here", "high", 60_000);
        Notice later = notice("tide", "here", "low", 30_000);
        Notice elsewhere = notice("tide", "there", "", 60_000);
        Notice otherKind = notice("wind", "here", "strong", 60_000);
        for (Notice each : List.of(earlier, later, elsewhere, otherKind)) {
            get(node.notices().post(each));
        }
        get(node(listener).notices().hear("tide", heardLater::add));

        await().atMost(SOON).until(() -> heard.size() >= 3);
        assertThat(heard).containsExactly(earlier, later, elsewhere);
        assertThat(heardLater).containsExactlyInAnyOrder(later, elsewhere);
    }

    @Test
    void whatHasEndedOrWasTakenBackIsNotHeardLater() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        get(node.notices().hear("tide", heard::add));

        Notice takenBack = notice("tide", "here", "high", 60_000);
        Notice takesBack = notice("tide", "here", "", -1);
        Notice brief = notice("tide", "there", "high", 50);
        for (Notice each : List.of(takenBack, takesBack, brief)) {
            get(node.notices().post(each));
        }
        await().atMost(SOON).until(() -> brief.untilMillis() < System.currentTimeMillis());
        Queue<Notice> heardLater = new ConcurrentLinkedQueue<>();
        get(node(listener).notices().hear("tide", heardLater::add));

        await().atMost(SOON).until(() -> heard.size() >= 3);
        assertThat(heard).containsExactly(takenBack, takesBack, brief);
        assertThat(heardLater).isEmpty();
    }

    @Test
    void moreNoticesThanTheLimitAreRefusedUntilSomeHaveEnded() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        Notice known = notice("tide", "known", "", 60_000);
        Notice oneMore = notice("tide", "one-more", "", 60_000);
        fill("tide", Notices.LIMIT - 1, known.untilMillis());

        get(node.notices().post(known));
        Throwable refused = failure(node.notices().post(oneMore));
        get(node.notices().post(notice("wind", "here", "", 60_000)));
        get(node.notices().post(notice("tide", "known", "has ended", -1)));
        get(node.notices().post(oneMore));
        get(node(listener).notices().hear("tide", heard::add));

        assertThat(refused)
                .isInstanceOf(NoticesFullException.class)
                .hasMessageContaining("100000 notices of kind 'tide'");
        assertThat(heard).hasSize(Notices.LIMIT).contains(oneMore).doesNotContain(known);
        assertThat(node.counters().noticesRefused.sum()).isEqualTo(1);
    }

    @Test
    void aListenerOfNoticesThatFailsIsCalledAgain() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Queue<Notice> heard = new ConcurrentLinkedQueue<>();
        get(node.notices().post(notice("tide", "here", "", 60_000)));
        get(node.notices().hear("tide", notice -> {
            heard.add(notice);
            throw new IllegalStateException("a listener that fails, as this test wants it");
        }));

        get(node.notices().post(notice("tide", "there", "", 60_000)));

        await().atMost(SOON).until(() -> heard.size() >= 2);
    }

    private static Notice notice(String kind, String about, String text, long inMillis) {
        return new Notice(kind, about, text, System.currentTimeMillis() + inMillis);
    }

    @Test
    void aTraceHoldsTheHopsOfAllNodesByTheirTime() throws Exception {
        Broker web = node(Broker.Listener.NONE);
        Broker gateway = node(listener);
        Address sender = Address.random();
        Publication traced = new Publication(PublicationId.next(1), KEPT, 1, sender, bytes("{}"))
                .tracked(new Tracking(false, null, true, null));
        get(gateway.subscribe(KEPT));
        Published published = get(web.publish(traced));
        Hop accepted = new Hop(1_000, "web", Outcome.ACCEPTED, "from a client");
        Hop answered = new Hop(3_000, "web", Outcome.PUBLISHED, "");
        Hop received = new Hop(2_000, "gateway", "ein späteres Wort", "with \\ and \" and ✓");

        get(gateway.traces().append(List.of(Traces.Leg.of(only(), List.of(received)))));
        get(web.traces().append(List.of(begin(traced, published.position(), accepted, answered))));
        get(web.traces().append(List.of(begin(traced, published.position(), accepted, answered))));

        assertThat(only().tracking()).isEqualTo(traced.tracking());
        Trace trace = get(web.traces().find(traced.id())).orElseThrow();
        assertThat(trace).isEqualTo(get(gateway.traces().find(traced.id())).orElseThrow());
        assertThat(trace.topic()).isEqualTo(KEPT);
        assertThat(trace.from()).isEqualTo(sender);
        assertThat(trace.position()).isEqualTo(published.position());
        assertThat(trace.hops()).containsExactly(accepted, received, answered);
        assertThat(trace.more()).isZero();
        assertThat(get(gateway.traces().recent(KEPT))).containsExactly(traced.id());
    }

    @Test
    void ofATraceTheFirstHopsAreKeptAndTheOthersCounted() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Publication traced = publication(PublicationId.next(1), FISH);
        List<Hop> hops = IntStream.range(0, Traces.MOST_HOPS + 3)
                .mapToObj(i -> new Hop(i, "node", Outcome.WRITTEN, ""))
                .toList();

        get(node.traces()
                .append(List.of(begin(traced, null, hops.subList(0, 250).toArray(Hop[]::new)))));
        get(node.traces().append(List.of(Traces.Leg.of(traced, hops.subList(250, hops.size())))));
        get(node.traces().append(List.of(Traces.Leg.of(traced, hops.subList(0, 1)))));

        Trace trace = get(node.traces().find(traced.id())).orElseThrow();
        assertThat(trace.hops()).isEqualTo(hops.subList(0, Traces.MOST_HOPS));
        assertThat(trace.more()).isEqualTo(4);
        assertThat(trace.from()).isNull();
        assertThat(trace.position()).isNull();
    }

    @Test
    void theNewestTracedPublicationsOfATopicAreListed() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        List<Traces.Leg> legs = IntStream.range(0, Traces.MOST_OF_TOPIC + 50)
                .mapToObj(i -> begin(publication("id-" + i, FISH), null, new Hop(i, "web", Outcome.ACCEPTED, "")))
                .toList();

        get(node.traces().append(legs));
        get(node.traces().append(List.of(begin(publication("other", BIRDS), null))));

        assertThat(get(node.traces().recent(FISH)))
                .isEqualTo(legs.stream().skip(50).map(Traces.Leg::id).toList());
        assertThat(get(node.traces().recent(BIRDS))).containsExactly("other");
        assertThat(get(node.traces().recent(KEPT))).isEmpty();
        assertThat(get(node.traces().find("id-0"))).isPresent();
    }

    @Test
    void whatIsNotTracedHasNoTrace() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        get(node.traces().append(List.of()));
        get(node.publish(publication("plain", KEPT)));

        assertThat(get(node.traces().find("plain"))).isEmpty();
        assertThat(get(node.traces().find("nothing at all"))).isEmpty();
    }

    private static Traces.Leg begin(Publication publication, @Nullable Position position, Hop... hops) {
        return new Traces.Leg(publication.id(), publication.topic(), publication.from(), position, true, List.of(hops));
    }

    @Test
    void aRepetitionIsNotPublishedAndHearsTheFirstAnswer() throws Exception {
        Broker node = node(listener);
        Broker other = node(Broker.Listener.NONE);
        get(node.subscribe(KEPT));

        PublishedOnce first = get(node.publish(publication("one", KEPT), key("k", "{}")));
        PublishedOnce second = get(node.publish(publication("two", KEPT), key("k", "{}")));
        PublishedOnce elsewhere = get(other.publish(publication("three", KEPT), key("k", "{}")));

        Published published = published(first);
        assertThat(published.nodes()).isEqualTo(1);
        assertThat(requireNonNull(published.position()).offset()).isEqualTo(1);
        assertThat(second).isEqualTo(new PublishedOnce.Repeat("one", published));
        assertThat(elsewhere).isEqualTo(second);
        Published last = get(node.publish(publication("last", KEPT)));
        assertThat(last.position()).isEqualTo(published.position().at(2));
        await().atMost(SOON).until(() -> listener.received().size() == 2);
        assertThat(listener.ids()).containsExactly("one", "last");
        assertThat(idsOf(get(node.history(KEPT, 0, 10)))).containsExactly("one", "last");
        assertThat(node.counters().published.sum()).isEqualTo(2);
        assertThat(other.counters().published.sum()).isZero();
    }

    @Test
    void repetitionsAreKnownAlsoWhereNothingIsKept() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));
        Address from = Address.random();
        byte[] payload = bytes("\"\n 1 x 2 -\n 漢字 🐦\"");
        IdempotencyKey key = IdempotencyKey.of("sender", "k", payload, LONG);

        PublishedOnce first = get(node.publish(new Publication("one", BIRDS, 7, from, payload), key));
        PublishedOnce second = get(node.publish(new Publication("two", BIRDS, 8, from, payload), key));
        get(node.publish(publication("last", BIRDS)));

        assertThat(published(first)).isEqualTo(new Published(1, null));
        assertThat(second).isEqualTo(new PublishedOnce.Repeat("one", new Published(1, null)));
        await().atMost(SOON).until(() -> listener.received().size() == 2);
        assertThat(listener.ids()).containsExactly("one", "last");
        Publication received = listener.received().getFirst();
        assertThat(received.timeMillis()).isEqualTo(7);
        assertThat(received.from()).isEqualTo(from);
        assertThat(received.payload()).isEqualTo(payload);
        assertThat(received.position()).isNull();
    }

    @Test
    void oneKeyForTwoPayloadsIsAMismatch() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        for (Topic topic : List.of(KEPT, BIRDS)) {
            published(get(node.publish(publication("one", topic), key("k", "{}"))));
            assertThat(get(node.publish(publication("two", topic), key("k", "{ }"))))
                    .isEqualTo(new PublishedOnce.Mismatch());
            assertThat(get(node.publish(publication("three", topic), key("k", "{}"))))
                    .isInstanceOf(PublishedOnce.Repeat.class);
        }

        assertThat(idsOf(get(node.history(KEPT, 0, 10)))).containsExactly("one");
        assertThat(node.counters().published.sum()).isEqualTo(2);
        assertThat(node.counters().publishFailures.sum()).isZero();
    }

    @Test
    void keysOfOtherSendersAndTopicsAreOthers() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Topic keptToo = new Topic("kept as well");

        published(get(node.publish(publication("one", KEPT), key("k", "{}"))));
        published(get(node.publish(publication("two", KEPT), key("K", "{}"))));
        published(get(
                node.publish(publication("three", KEPT), IdempotencyKey.of("another sender", "k", bytes("{}"), LONG))));
        published(get(node.publish(publication("four", keptToo), key("k", "{}"))));
        published(get(node.publish(publication("five", BIRDS), key("k", "{}"))));
        get(node.publish(publication("six", KEPT)));

        assertThat(idsOf(get(node.history(KEPT, 0, 10)))).containsExactly("one", "two", "three", "six");
        assertThat(idsOf(get(node.history(keptToo, 0, 10)))).containsExactly("four");
    }

    @Test
    void aKeyIsForgottenAfterItsTime() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        for (Topic topic : List.of(KEPT, BIRDS)) {
            IdempotencyKey brief = IdempotencyKey.of("sender", "brief", bytes("{}"), Duration.ofMillis(50));
            published(get(node.publish(publication("one", topic), brief)));
            await().atMost(SOON)
                    .until(() -> get(node.publish(publication("two", topic), brief)) instanceof PublishedOnce.First);
        }

        assertThat(idsOf(get(node.history(KEPT, 0, 10)))).containsExactly("one", "two");
    }

    @Test
    void ofTwoAtTheSameTimeOneIsPublished() throws Exception {
        Broker node = node(listener);
        Broker other = node(Broker.Listener.NONE);
        get(node.subscribe(KEPT));
        int rounds = 200;

        List<CompletionStage<PublishedOnce>> outcomes = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            outcomes.add(node.publish(publication("one-" + i, KEPT), key("k" + i, "{}")));
            outcomes.add(other.publish(publication("other-" + i, KEPT), key("k" + i, "{}")));
        }

        int firsts = 0;
        for (CompletionStage<PublishedOnce> outcome : outcomes) {
            firsts += get(outcome) instanceof PublishedOnce.First ? 1 : 0;
        }
        assertThat(firsts).isEqualTo(rounds);
        await().atMost(SOON).until(() -> offsetOfLast(listener.received()) == rounds);
        assertThat(listener.ids())
                .extracting(id -> id.substring(id.indexOf('-') + 1))
                .doesNotHaveDuplicates();
    }

    @Test
    void aListenerThatFailsIsCalledAgain() throws Exception {
        Broker node = node(publication -> {
            listener.onPublication(publication);
            throw new IllegalStateException("a bug");
        });
        get(node.subscribe(BIRDS));

        nodes(node.publish(publication("one", BIRDS)));
        nodes(node.publish(publication("two", BIRDS)));

        await().atMost(SOON).until(() -> listener.received().size() == 2);
    }

    @Test
    void whatWasDoneIsCounted() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(BIRDS));

        nodes(node.publish(publication("one", BIRDS)));
        nodes(node.publish(publication("two", FISH)));

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

        nodes(node.publish(publication("topic", FISH)));

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
        assertThat(failure(node.publish(publication("late", KEPT)))).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.publish(publication("late", KEPT), key("k", "{}"))))
                .isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.history(KEPT, 0, 1))).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.traces().find("late"))).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.subscribe(BIRDS))).isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.notices().post(notice("tide", "here", "", 1))))
                .isInstanceOf(BrokerUnavailableException.class);
        assertThat(failure(node.notices().hear("tide", _ -> {}))).isInstanceOf(BrokerUnavailableException.class);
        assertThatNoException().isThrownBy(() -> node.unsubscribe(BIRDS));
        assertThat(node.counters().publishFailures.sum()).isEqualTo(3);
        assertThat(listener.received()).isEmpty();
    }

    @Test
    void whatWasAnsweredArrivesBeforeWhatIsPublishedThenByWhomever() throws Exception {
        RecordingListener otherListener = new RecordingListener();
        Broker one = node(listener);
        Broker other = node(otherListener);
        for (Broker node : List.of(one, other)) {
            get(node.subscribe(BIRDS));
        }
        List<String> ids = IntStream.range(0, 200).mapToObj(i -> "id-" + i).toList();

        for (int i = 0; i < ids.size(); i++) {
            get((i % 2 == 0 ? one : other).publish(publication(ids.get(i), BIRDS)));
        }

        await().atMost(SOON).until(() -> listener.received().size() >= ids.size());
        await().atMost(SOON).until(() -> otherListener.received().size() >= ids.size());
        assertThat(listener.ids()).isEqualTo(ids);
        assertThat(otherListener.ids()).isEqualTo(ids);
    }

    @Test
    void whatIsNotKeptCannotBeReadNorHaveACursor() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Position top = publishTo(node, KEPT, 2);

        assertThatThrownBy(() -> node.inbox(BIRDS, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.tops(List.of(KEPT, BIRDS))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.moveCursors(Map.of(KEPT, top, BIRDS, top)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(get(node.inbox(KEPT, 10)).after()).isZero();
        assertThat(get(node.tops(List.of()))).isEqualTo(new Tops(Map.of(), Set.of()));
        get(node.moveCursors(Map.of()));
    }

    @Test
    void aTopicThatWasOnlyReadHasATopToo() throws Exception {
        Broker node = node(Broker.Listener.NONE);

        Position top = get(node.history(KEPT, 0, 0)).top();

        assertThat(get(node.tops(List.of(KEPT))).positions()).isEqualTo(Map.of(KEPT, top));
    }

    @Test
    void whereEverythingWasLostANewEpochBegins() throws Exception {
        Broker node = node(listener);
        get(node.subscribe(KEPT));
        Position before = publishTo(node, KEPT, 3);
        get(node.moveCursors(Map.of(KEPT, before)));
        published(get(node.publish(publication("one", KEPT), key("k", "{}"))));

        loseEverything();
        Map<Topic, Position> none = get(node.tops(List.of(KEPT))).positions();
        Published published = published(get(node.publish(publication("two", KEPT), key("k", "{}"))));
        get(node.moveCursors(Map.of(KEPT, before.at(1))));

        Position after = requireNonNull(published.position());
        assertThat(none).isEmpty();
        assertThat(after.offset()).isEqualTo(1);
        assertThat(after.epoch()).isNotEqualTo(before.epoch());
        assertThat(published.nodes()).isEqualTo(1); // it is still subscribed
        History inbox = get(node.inbox(KEPT, 10));
        assertThat(inbox.after()).isZero();
        assertThat(inbox.top()).isEqualTo(after);
        assertThat(idsOf(inbox)).containsExactly("two");
        await().atMost(SOON).until(() -> listener.ids().contains("two"));
        assertThat(listener.received().getLast().position()).isEqualTo(after);
    }

    @Test
    void aReceiptIsThereOnceItsPublicationWasAnswered() throws Exception {
        Broker publisher = node(Broker.Listener.NONE);
        Broker other = node(Broker.Listener.NONE);

        for (int i = 0; i < 100; i++) {
            Publication asking = publication("asking-" + i, KEPT).tracked(new Tracking(true, null, false, null));
            var _ = publisher.receipts().open(asking);
            get(publisher.publish(asking));
            assertThat(get(other.receipts().find(asking.id()))).isPresent();
        }
    }

    @Test
    void whatIsSaidLastOfAPublicationCounts() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Publication asking = new Publication("asking", KEPT, 1, Address.random(), bytes("{}"));
        get(node.receipts().open(asking));
        get(node.receipts().settle("asking", new Published(2, new Position("abc", 7))));

        get(node.receipts().open(publication("asking", FISH)));
        get(node.receipts().settle("asking", new Published(1, null)));

        assertThat(get(node.receipts().find("asking"))).contains(new Receipt(FISH, null, 1, null, List.of()));
    }

    @Test
    void countsOfSeveralNodesAreToldApart() throws Exception {
        Broker node = node(Broker.Listener.NONE);
        Publication asking = publication("asking", KEPT);
        get(node.receipts().open(asking));

        get(node.receipts().report(List.of(count(asking, "one", 3, 2, 1), count(asking, "other", 4, 0, 0))));

        assertThat(get(node.receipts().find("asking")).orElseThrow().counts())
                .containsExactlyInAnyOrder(count(asking, "one", 3, 2, 1), count(asking, "other", 4, 0, 0));
        get(node.receipts().report(List.of()));
    }

    @Test
    void aClosedBrokerHasNoReceipts() throws Exception {
        Broker node = node(listener);
        node.close();
        Publication asking = publication("asking", KEPT);

        for (CompletionStage<?> stage : List.of(
                node.receipts().open(asking),
                node.receipts().settle("asking", new Published(0, null)),
                node.receipts().report(List.of(count(asking, "one", 1, 0, 0))),
                node.receipts().find("asking"),
                node.moveCursors(Map.of(KEPT, new Position("abc", 1))),
                node.tops(List.of(KEPT)),
                node.inbox(KEPT, 1),
                node.latest(KEPT))) {
            assertThat(failure(stage)).isInstanceOf(BrokerUnavailableException.class);
        }
        assertThatThrownBy(() -> node.receipts().hear(_ -> {})).isInstanceOf(BrokerUnavailableException.class);
    }

    private void awaitCount(Broker publisher, Topic topic, int expected) {
        await().atMost(SOON).until(() -> nodes(publisher.publish(publication("probe", topic))) == expected);
    }

    private Publication only() {
        await().atMost(SOON).until(() -> !listener.received().isEmpty());
        assertThat(listener.received()).hasSize(1);
        return listener.received().getFirst();
    }

    private static List<String> idsOf(History history) {
        return history.publications().stream().map(Publication::id).toList();
    }

    private static List<Long> offsetsOf(List<Publication> publications) {
        return publications.stream()
                .map(publication -> requireNonNull(publication.position()).offset())
                .toList();
    }

    private static long offsetOfLast(List<Publication> publications) {
        return publications.isEmpty() ? 0 : offsetsOf(publications).getLast();
    }

    private static IdempotencyKey key(String key, String payload) {
        return IdempotencyKey.of("sender", key, bytes(payload), LONG);
    }

    private static Published published(PublishedOnce outcome) {
        assertThat(outcome).isInstanceOf(PublishedOnce.First.class);
        return ((PublishedOnce.First) outcome).published();
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

    /** How many nodes a publication was sent to. */
    public static int nodes(CompletionStage<Published> publishing) throws Exception {
        return get(publishing).nodes();
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
