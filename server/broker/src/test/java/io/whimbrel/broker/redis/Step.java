package io.whimbrel.broker.redis;

import java.time.Duration;
import java.util.List;

/**
 * What the model test does to both brokers. Nodes and topics are given by number, offsets by their distance from the newest
 * publication, so that every step means something after any other and a failing list of steps can be shortened anywhere.
 */
sealed interface Step {
    record Publish(int node, int topic, Wish wish) implements Step {}

    /** One after the other, without waiting for an answer. */
    record Burst(int node, int topic, int count) implements Step {}

    record PublishOnce(int node, int topic, int sender, int key, int payload) implements Step {}

    /** The connection breaks while it is published; it is repeated until there is an answer. */
    record PublishOnceUnderFire(int node, int topic) implements Step {}

    record Subscribe(int node, int topic) implements Step {}

    record Unsubscribe(int node, int topic) implements Step {}

    record Read(int node, int topic, int back, int limit) implements Step {}

    record Inbox(int node, int topic, int limit) implements Step {}

    record Latest(int node, int topic) implements Step {}

    record MoveCursors(int node, List<Move> moves) implements Step {}

    /**
     * Where a cursor is to be moved.
     *
     * @param foreign whether it names an epoch that the topic never had
     */
    record Move(int topic, int back, boolean foreign) {}

    record Tops(int node, List<Integer> topics) implements Step {}

    record OpenReceipt(int node, int id, int topic) implements Step {}

    record SettleReceipt(int node, int id, int nodes, boolean stored) implements Step {}

    /**
     * What one node tells of several publications.
     *
     * @param asker the node that waits, or -1
     */
    record Report(int node, int name, int asker, List<Counted> counts) implements Step {}

    record Counted(int id, int sessions, int written, int acked) {}

    record FindReceipt(int node, int id) implements Step {}

    /** A node leaves and another takes its place. */
    record Replace(int node) implements Step {}

    record BreakCommands() implements Step {}

    /** All nodes lose what they receive by, and so many are published before they have it again. */
    record BreakSubscriptions(int node, int topic, int published) implements Step {}

    /**
     * Time jumps ahead.
     *
     * @param duration in whole minutes, longer than a run takes
     */
    record TimePasses(Duration duration) implements Step {}

    /** Everything that was kept is lost. */
    record Wipe(boolean scriptsToo) implements Step {}

    /** What a publication asks for. */
    enum Wish {
        NOTHING,
        RECEIPT,
        RECEIPT_AT_ONCE,
        TRACE,
        SPAN
    }
}
