package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.get;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.broker.HistoryRules;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.awaitility.core.ConditionTimeoutException;

/** Does each step to the broker in memory and to the one on Redis and compares all that is to be seen of it. */
final class BrokerModel {
    private static final Topic LAST = new Topic("last");

    private final ModelRedis redis;
    private final ModelSide expected;
    private final ModelSide actual;

    BrokerModel(HistoryRules rules, ModelRedis redis) {
        this.redis = redis;
        redis.wipe(false);
        ModelNetwork memory = new ModelNetwork.InMemory(rules);
        expected = new ModelSide(memory, ModelNode.joinAll(memory));
        actual = new ModelSide(redis, redis.nodes());
    }

    void run(List<Step> steps) throws Exception {
        awaitSubscribers();
        for (int i = 0; i < steps.size(); i++) {
            String at = "step %d, %s".formatted(i + 1, steps.get(i));
            run(at, steps.get(i));
            compareInputs(at);
        }
    }

    private void run(String at, Step step) throws Exception {
        switch (step) {
            case Step.BreakCommands() -> breakCommands();
            case Step.BreakSubscriptions(int node, int topic, int published) ->
                breakSubscriptions(at, node, topic, published);
            case Step.PublishOnceUnderFire(int node, int topic) -> publishUnderFire(at, node, topic);
            case Step.Unsubscribe _, Step.Replace _ -> {
                compare(at, step);
                awaitSubscribers(); // what ends may take a moment
            }
            case Step.Publish _,
                    Step.Burst _,
                    Step.PublishOnce _,
                    Step.Subscribe _,
                    Step.Read _,
                    Step.Inbox _,
                    Step.Latest _,
                    Step.MoveCursors _,
                    Step.Tops _,
                    Step.OpenReceipt _,
                    Step.SettleReceipt _,
                    Step.Report _,
                    Step.FindReceipt _,
                    Step.TimePasses _,
                    Step.Wipe _ -> compare(at, step);
        }
    }

    private void compare(String at, Step step) throws Exception {
        assertThat(actual.run(step)).as(at).isEqualTo(expected.run(step));
    }

    private void breakCommands() throws Exception {
        List<Long> before = reconnects();
        redis.breakCommands();
        awaitReconnects(before);
    }

    private List<Long> reconnects() {
        return actual.nodes().stream()
                .map(node -> node.broker().counters().reconnects.sum())
                .toList();
    }

    private void awaitReconnects(List<Long> before) throws Exception {
        for (int i = 0; i < before.size(); i++) {
            ModelNode node = actual.node(i);
            long old = before.get(i);
            soon(() -> node.broker().counters().reconnects.sum() > old
                    && node.broker().outage().isEmpty());
        }
    }

    /** Who heard nothing asks again with the same key; one is published, whichever it was. */
    private void publishUnderFire(String at, int node, int topic) throws Exception {
        List<Long> before = reconnects();
        String id = actual.nextId();
        String key = "under fire " + expected.nextId();
        Thread fire = Thread.ofVirtual().start(redis::breakCommands);
        Map.Entry<String, String> outcome;
        try {
            outcome = actual.publishOnce(node, topic, id, key);
            fire.join();
            awaitReconnects(before);
        } catch (ExecutionException _) {
            fire.join();
            awaitReconnects(before);
            outcome = actual.publishOnce(node, topic, id + "-again", key);
        }
        Map.Entry<String, String> wanted = expected.publishOnce(node, topic, outcome.getKey(), key);
        assertThat(outcome).as(at).isEqualTo(wanted);
        assertThat(actual.publishOnce(node, topic, "late", key))
                .as(at + ", again")
                .isEqualTo(wanted);
    }

    /**
     * What is published in between may or may not be received, but once at most and in order; what is published when all
     * subscriptions were renewed is, and history has the rest.
     */
    private void breakSubscriptions(String at, int node, int topic, int published) throws Exception {
        List<Integer> renewals = renewals();
        redis.breakSubscriptions();
        for (int i = 0; i < published; i++) {
            Step publish = new Step.Publish(node, topic, Step.Wish.NOTHING);
            assertThat(withoutNodes(actual.run(publish))).as(at).isEqualTo(withoutNodes(expected.run(publish)));
        }
        for (int i = 0; i < renewals.size(); i++) {
            ModelNode each = actual.node(i);
            int old = renewals.get(i);
            soon(() ->
                    each.inputs().renewals.get() > old && each.broker().outage().isEmpty());
        }
        assertThat(redis.subscribers()).as(at + ", renewed").isEqualTo(expectedSubscribers());
        compare(at + ", published after", new Step.Publish(node, topic, Step.Wish.NOTHING));
        for (int i = 0; i < ModelSide.NODES; i++) {
            List<String> all = said(expected, i);
            soonLast(i, all);
            assertThat(all).as(at + ", received").containsSubsequence(said(actual, i));
        }
        forgetInputs();
        compare(at + ", missed", new Step.Read(node, topic, published + 1, Integer.MAX_VALUE));
    }

    private void soonLast(int node, List<String> all) throws Exception {
        if (!all.isEmpty()) {
            soon(() -> said(actual, node).contains(all.getLast()));
        }
    }

    private static String withoutNodes(String said) {
        return said.substring(said.indexOf(','));
    }

    private List<Integer> renewals() {
        return actual.nodes().stream().map(node -> node.inputs().renewals.get()).toList();
    }

    private void compareInputs(String at) throws Exception {
        for (int i = 0; i < ModelSide.NODES; i++) {
            int node = i;
            ModelNode memory = expected.node(i);
            ModelNode onRedis = actual.node(i);
            soonOrNot(
                    () -> onRedis.publications().size() >= memory.publications().size());
            assertThat(said(actual, node)).as(at + ", received by node " + i).isEqualTo(said(expected, node));
            soonOrNot(() -> onRedis.counts().size() >= memory.counts().size());
            assertThat(onRedis.counts().stream().map(ModelSide::say).toList())
                    .as(at + ", counts heard by node " + i)
                    .isEqualTo(memory.counts().stream().map(ModelSide::say).toList());
        }
        forgetInputs();
    }

    private static List<String> said(ModelSide side, int node) {
        List<Publication> publications = side.node(node).publications();
        return publications.stream().map(side::say).toList();
    }

    private void forgetInputs() {
        expected.nodes().forEach(ModelNode::forget);
        actual.nodes().forEach(ModelNode::forget);
    }

    /** Subscribes the nodes to nothing, for the next run, and waits until nothing is under way to them. */
    void leave() throws Exception {
        for (ModelNode node : actual.nodes()) {
            for (Topic topic : List.copyOf(node.subscribed())) {
                node.broker().unsubscribe(topic);
                node.subscribed().remove(topic);
            }
            get(node.broker().subscribe(LAST)); // acknowledged behind all that was sent before
            node.broker().unsubscribe(LAST);
        }
        awaitSubscribers();
        forgetInputs();
    }

    private void awaitSubscribers() throws Exception {
        soonOrNot(() -> redis.subscribers().equals(expectedSubscribers()));
        assertThat(redis.subscribers()).isEqualTo(expectedSubscribers());
    }

    private Map<String, Long> expectedSubscribers() {
        Map<String, Long> counts = new TreeMap<>();
        for (ModelNode node : actual.nodes()) {
            counts.put(ModelRedis.PREFIX + ":receipts:" + node.ear(), 1L);
            counts.putAll(node.subscribed().stream()
                    .map(topic -> TopicKeys.channel(ModelRedis.PREFIX, topic))
                    .collect(toMap(channel -> channel, channel -> counts.getOrDefault(channel, 0L) + 1)));
        }
        return counts;
    }

    private void soon(Callable<Boolean> condition) throws Exception {
        if (!condition.call()) {
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(redis.patience())
                    .until(condition);
        }
    }

    /** Gives up quietly, since the comparison that follows says more. */
    private void soonOrNot(Callable<Boolean> condition) throws Exception {
        try {
            soon(condition);
        } catch (ConditionTimeoutException _) {
            return;
        }
    }
}
