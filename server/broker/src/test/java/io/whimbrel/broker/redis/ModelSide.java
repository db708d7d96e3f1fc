package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.get;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.History;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One of the two brokers in a model test: does a step and answers in words what was to be seen. Epochs and names of nodes are
 * numbered as they are seen first, so that two brokers that do the same say the same.
 */
final class ModelSide {
    static final int NODES = 3;
    static final List<Topic> TOPICS = List.of(
            new Topic("kept"),
            new Topic("kept: {the} birds ✓"),
            Topic.of(new Address(UUID.fromString("0af76519-16cd-43dd-8448-eb211c80319c"))),
            new Topic("state"),
            new Topic("loose"));

    private static final Address SENDER = new Address(UUID.fromString("7c1f0d6e-2f0b-4a8e-9a51-6f5d0c7f0a11"));
    private static final Duration KEY_TIME = Duration.ofMinutes(5);
    private static final String TRACE_PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private final ModelNetwork network;
    private final List<ModelNode> nodes;
    private final Map<String, String> names = new HashMap<>();
    private final Map<Topic, Position> lastSeen = new HashMap<>();
    private int publications;

    ModelSide(ModelNetwork network, List<ModelNode> nodes) {
        this.network = network;
        this.nodes = nodes;
        nodes.forEach(node -> name("node", node.ear()));
    }

    ModelNode node(int number) {
        return nodes.get(number);
    }

    List<ModelNode> nodes() {
        return nodes;
    }

    /** Does a step of the kind that both brokers do alike. */
    String run(Step step) throws Exception {
        return switch (step) {
            case Step.Publish(int node, int topic, Step.Wish wish) -> publish(node, topic, wish);
            case Step.Burst(int node, int topic, int count) -> burst(node, topic, count);
            case Step.PublishOnce(int node, int topic, int sender, int key, int payload) ->
                say(
                        TOPICS.get(topic),
                        broker(node)
                                .publish(
                                        publication(nextId(), topic, "payload " + payload),
                                        key("sender " + sender, "key " + key, "payload " + payload)));
            case Step.Subscribe(int node, int topic) -> subscribe(node, topic);
            case Step.Unsubscribe(int node, int topic) -> unsubscribe(node, topic);
            case Step.Read(int node, int topic, int back, int limit) ->
                ifKept(topic, kept -> broker(node).history(kept, offset(kept, back), limit));
            case Step.Inbox(int node, int topic, int limit) ->
                ifKept(topic, kept -> broker(node).inbox(kept, limit));
            case Step.Latest(int node, int topic) ->
                ifKept(topic, kept -> broker(node).latest(kept));
            case Step.MoveCursors(int node, List<Step.Move> moves) -> moveCursors(node, moves);
            case Step.Tops(int node, List<Integer> topics) -> tops(node, topics);
            case Step.OpenReceipt(int node, int id, int topic) -> {
                get(receipts(node).open(publication("receipt-" + id, topic, "{}")));
                yield "opened";
            }
            case Step.SettleReceipt(int node, int id, int count, boolean stored) -> {
                Position position = stored ? new Position("abc", 7) : null;
                get(receipts(node).settle("receipt-" + id, new Published(count, position)));
                yield "settled";
            }
            case Step.Report(int node, int name, int asker, List<Step.Counted> counts) ->
                report(node, name, asker, counts);
            case Step.FindReceipt(int node, int id) -> {
                Optional<Receipt> found = get(receipts(node).find("receipt-" + id));
                yield found.map(this::say).orElse("no receipt");
            }
            case Step.Replace(int node) -> replace(node);
            case Step.TimePasses(Duration duration) -> {
                network.pass(duration);
                yield "time passed";
            }
            case Step.Wipe(boolean scriptsToo) -> {
                network.wipe(scriptsToo);
                yield "wiped";
            }
            case Step.PublishOnceUnderFire _, Step.BreakCommands _, Step.BreakSubscriptions _ ->
                throw new IllegalArgumentException(step + " is not for both");
        };
    }

    private String publish(int node, int topic, Step.Wish wish) throws Exception {
        Tracking tracking = tracking(wish, node);
        Published published =
                get(broker(node).publish(publication(nextId(), topic, "{}").tracked(tracking)));
        return say(TOPICS.get(topic), published);
    }

    private @Nullable Tracking tracking(Step.Wish wish, int node) {
        return switch (wish) {
            case NOTHING -> null;
            case RECEIPT -> new Tracking(true, null, false, null);
            case RECEIPT_AT_ONCE -> new Tracking(true, node(node).ear(), false, null);
            case TRACE -> new Tracking(false, null, true, null);
            case SPAN -> new Tracking(true, node(node).ear(), true, TRACE_PARENT);
        };
    }

    private String burst(int node, int topic, int count) throws Exception {
        List<CompletionStage<Published>> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            answers.add(broker(node).publish(publication(nextId(), topic, "{}")));
        }
        List<String> said = new ArrayList<>();
        for (CompletionStage<Published> answer : answers) {
            said.add(say(TOPICS.get(topic), get(answer)));
        }
        return said.toString();
    }

    /** With a key that nobody used before. Answers the id that counts, and what became of it. */
    Map.Entry<String, String> publishOnce(int node, int topic, String id, String key) throws Exception {
        PublishedOnce outcome = get(broker(node).publish(publication(id, topic, "{}"), key("sender", key, "{}")));
        return switch (outcome) {
            case PublishedOnce.First(Published published) -> Map.entry(id, say(TOPICS.get(topic), published));
            case PublishedOnce.Repeat(String first, Published published) ->
                Map.entry(first, say(TOPICS.get(topic), published));
            case PublishedOnce.Mismatch _ -> Map.entry(id, "mismatch");
        };
    }

    private String subscribe(int node, int topic) throws Exception {
        get(broker(node).subscribe(TOPICS.get(topic)));
        node(node).subscribed().add(TOPICS.get(topic));
        return "subscribed";
    }

    private String unsubscribe(int node, int topic) {
        broker(node).unsubscribe(TOPICS.get(topic));
        node(node).subscribed().remove(TOPICS.get(topic));
        return "unsubscribed";
    }

    private interface Reading {
        CompletionStage<History> of(Topic topic);
    }

    private String ifKept(int topic, Reading reading) throws Exception {
        try {
            return say(TOPICS.get(topic), get(reading.of(TOPICS.get(topic))));
        } catch (IllegalArgumentException _) {
            return "not kept";
        }
    }

    /** Below 0 it is beyond the newest. */
    private long offset(Topic topic, int back) {
        return Math.max(0, seen(topic).offset() - back);
    }

    private Position seen(Topic topic) {
        return lastSeen.getOrDefault(topic, new Position("never", 0));
    }

    private String moveCursors(int node, List<Step.Move> moves) throws Exception {
        Map<Topic, Position> furthest = new LinkedHashMap<>();
        for (Step.Move move : moves) {
            Topic topic = TOPICS.get(move.topic());
            String epoch = move.foreign() ? "elsewhere" : seen(topic).epoch();
            furthest.put(topic, new Position(epoch, offset(topic, move.back())));
        }
        try {
            get(broker(node).moveCursors(furthest));
            List<String> said = new ArrayList<>();
            for (Topic topic : furthest.keySet()) {
                said.add("cursor at " + get(broker(node).inbox(topic, 0)).after());
            }
            return said.toString();
        } catch (IllegalArgumentException _) {
            return "not kept";
        }
    }

    private String tops(int node, List<Integer> numbers) throws Exception {
        List<Topic> topics = numbers.stream().distinct().map(TOPICS::get).toList();
        try {
            Map<Topic, Position> found = get(broker(node).tops(topics)).positions();
            List<String> said = new ArrayList<>();
            for (Topic topic : topics) {
                said.add(topic + " " + say(topic, found.get(topic)));
            }
            return said.toString();
        } catch (IllegalArgumentException _) {
            return "not kept";
        }
    }

    private String report(int node, int name, int asker, List<Step.Counted> counts) throws Exception {
        List<Receipts.Count> all = counts.stream()
                .map(it -> new Receipts.Count(
                        "receipt-" + it.id(),
                        "gateway@" + name,
                        asker < 0 ? null : node(asker).ear(),
                        it.sessions(),
                        it.written(),
                        it.acked()))
                .toList();
        get(receipts(node).report(all));
        return "reported";
    }

    private String replace(int number) throws Exception {
        Broker left = broker(number);
        left.close();
        ModelNode joined = ModelNode.join(network);
        nodes.set(number, joined);
        name("node", joined.ear());
        try {
            get(left.publish(publication(nextId(), 0, "{}")));
            return "published by one that left";
        } catch (ExecutionException e) {
            return e.getCause() instanceof BrokerUnavailableException ? "replaced" : e.toString();
        }
    }

    String nextId() {
        return "id-" + ++publications;
    }

    private static Publication publication(String id, int topic, String payload) {
        return new Publication(id, TOPICS.get(topic), 1_700_000_000_000L, SENDER, payload.getBytes(UTF_8));
    }

    private static IdempotencyKey key(String sender, String key, String payload) {
        return IdempotencyKey.of(sender, key, payload.getBytes(UTF_8), KEY_TIME);
    }

    private Broker broker(int node) {
        return node(node).broker();
    }

    private Receipts receipts(int node) {
        return broker(node).receipts();
    }

    private String name(String kind, String real) {
        return names.computeIfAbsent(real, _ -> kind + ' ' + names.size());
    }

    private String say(Topic topic, CompletionStage<PublishedOnce> stage) throws Exception {
        return switch (get(stage)) {
            case PublishedOnce.First(Published published) -> "first: " + say(topic, published);
            case PublishedOnce.Repeat(String id, Published published) ->
                "repeats %s: %s".formatted(id, say(topic, published));
            case PublishedOnce.Mismatch _ -> "mismatch";
        };
    }

    private String say(Topic topic, Published published) {
        return "%d nodes, %s".formatted(published.nodes(), say(topic, published.position()));
    }

    private String say(Topic topic, @Nullable Position position) {
        if (position == null) {
            return "nowhere";
        }
        lastSeen.put(topic, position);
        return name("epoch", position.epoch()) + ':' + position.offset();
    }

    private String say(Topic topic, History history) {
        List<String> said = history.publications().stream().map(this::say).toList();
        return "top %s, after %d: %s".formatted(say(topic, history.top()), history.after(), said);
    }

    String say(Publication publication) {
        Position position = publication.position();
        Tracking tracking = publication.tracking();
        return "%s in %s from %s at %d with %s, %s, %s"
                .formatted(
                        publication.id(),
                        publication.topic(),
                        publication.from(),
                        publication.timeMillis(),
                        new String(publication.payload(), UTF_8),
                        position == null ? "nowhere" : name("epoch", position.epoch()) + ':' + position.offset(),
                        tracking == null ? "untracked" : say(tracking));
    }

    private String say(Tracking tracking) {
        String asker = tracking.asker();
        return "receipt %b for %s, traced %b, %s"
                .formatted(
                        tracking.receipt(),
                        asker == null ? "nobody" : name("node", asker),
                        tracking.traced(),
                        tracking.traceParent());
    }

    private String say(Receipt receipt) {
        Position position = receipt.position();
        List<String> counts =
                receipt.counts().stream().map(ModelSide::say).sorted().toList();
        return "%s from %s, %d nodes, %s, %s"
                .formatted(
                        receipt.topic(),
                        receipt.from(),
                        receipt.nodes(),
                        position == null ? "nowhere" : name("epoch", position.epoch()) + ':' + position.offset(),
                        counts);
    }

    static String say(Receipts.Count count) {
        return "%s has %d/%d/%d of %s"
                .formatted(count.node(), count.sessions(), count.written(), count.acked(), count.id());
    }
}
