package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import io.whimbrel.broker.Published;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Receipts in Redis: one hash per publication that asked, {@code <prefix>:{<id>}:r}, with what was published and one field for
 * each node that counts. Safe for any thread.
 */
final class RedisReceipts implements Receipts {
    private static final int REPORTS_AT_ONCE = 128;
    private static final byte[] KEPT_MILLIS = Long.toString(KEPT_FOR.toMillis()).getBytes(US_ASCII);

    private static final String TOPIC = "topic";
    private static final String FROM = "from";
    private static final String NODES = "nodes";
    private static final String OFFSET = "offset";
    private static final String EPOCH = "epoch";
    private static final String COUNT = "node ";
    /** Takes the place of a value that may have been there before. */
    private static final byte[] NOTHING = {};

    private final RedisBroker broker;
    private final String prefix;
    /** In a cluster, those that are being written, or could not be, by publication, which follows at once and takes them. */
    private final Map<String, CompletionStage<Void>> opening = new ConcurrentHashMap<>();

    /** Where this node hears of receipts. */
    private final String ear = PublicationId.next(System.currentTimeMillis());

    RedisReceipts(RedisBroker broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
    }

    @Override
    public CompletionStage<Void> open(Publication publication) {
        Address from = publication.from();
        Map<String, byte[]> fields = new HashMap<>();
        fields.put(TOPIC, publication.topic().name().getBytes(UTF_8));
        fields.put(FROM, from == null ? NOTHING : from.toString().getBytes(US_ASCII));
        CompletionStage<Void> opened = write(publication.id(), fields);
        if (broker.isCluster()) {
            opening.put(publication.id(), opened);
            var _ = opened.thenRun(() -> opening.remove(publication.id(), opened));
        }
        return opened;
    }

    /**
     * Publishes when the receipt is there, and else not: a repetition would be told of a message without one. On one Redis it is,
     * since it was written before on the same connection; the shards of a cluster know nothing of each other.
     */
    <T> CompletionStage<T> behind(Publication publication, Supplier<CompletionStage<T>> publishing) {
        CompletionStage<Void> opened = opening.isEmpty() ? null : opening.remove(publication.id());
        return opened == null ? publishing.get() : Stages.map(opened.thenCompose(_ -> publishing.get()), it -> it);
    }

    @Override
    public CompletionStage<Void> settle(String id, Published published) {
        Position position = published.position();
        Map<String, byte[]> fields = new HashMap<>();
        fields.put(NODES, ascii(published.nodes()));
        fields.put(OFFSET, position == null ? NOTHING : ascii(position.offset()));
        fields.put(EPOCH, position == null ? NOTHING : position.epoch().getBytes(US_ASCII));
        return write(id, fields);
    }

    private CompletionStage<Void> write(String id, Map<String, byte[]> fields) {
        byte[][] arguments = new byte[1 + 2 * fields.size()][];
        int next = 0;
        arguments[next++] = KEPT_MILLIS;
        for (Map.Entry<String, byte[]> field : fields.entrySet()) {
            arguments[next++] = field.getKey().getBytes(US_ASCII);
            arguments[next++] = field.getValue();
        }
        return broker.errands()
                .run(
                        "writing a receipt",
                        key(id),
                        connection -> Script.RECEIPT
                                .call(connection, new String[] {key(id)}, arguments)
                                .thenApply(_ -> null));
    }

    @Override
    public CompletionStage<Void> report(Collection<Count> counts) {
        Map<String, List<Count>> byNode =
                counts.stream().collect(groupingBy(Count::node, LinkedHashMap::new, toList()));
        return Stages.all(byNode.values().stream()
                .map(ofNode -> broker.errands()
                        .runInPieces(
                                ofNode, count -> key(count.id()), REPORTS_AT_ONCE, "writing receipts", this::report))
                .toList());
    }

    private CompletionStage<?> report(Connection connection, List<Count> counts) {
        // In a cluster who waits is told through the shard of its own channel, when the receipt is written.
        boolean tellsBehind = connection.server().ofCluster();
        String[] keys = new String[counts.size()];
        byte[][] arguments = new byte[2 + 3 * counts.size()][];
        arguments[0] = KEPT_MILLIS;
        arguments[1] = (COUNT + counts.getFirst().node()).getBytes(US_ASCII);
        for (int i = 0; i < keys.length; i++) {
            Count count = counts.get(i);
            String asker = count.asker();
            keys[i] = key(count.id());
            arguments[2 + 3 * i] = numbers(count).getBytes(US_ASCII);
            arguments[3 + 3 * i] = (asker == null || tellsBehind ? "" : channel(asker)).getBytes(US_ASCII);
            arguments[4 + 3 * i] = word(count);
        }
        CompletionStage<List<Object>> written = Script.RECEIPTS.call(connection, keys, arguments);
        return tellsBehind ? written.thenCompose(_ -> tell(counts)) : written;
    }

    private CompletionStage<Void> tell(List<Count> counts) {
        List<CompletionStage<?>> told = new ArrayList<>();
        for (Count count : counts) {
            String asker = count.asker();
            if (asker != null) {
                told.add(broker.announce(channel(asker), word(count)));
            }
        }
        return Stages.all(told);
    }

    private static byte[] word(Count count) {
        return "%s %s %s".formatted(count.id(), count.node(), numbers(count)).getBytes(US_ASCII);
    }

    private static String numbers(Count count) {
        return "%d %d %d".formatted(count.sessions(), count.written(), count.acked());
    }

    @Override
    public CompletionStage<Optional<Receipt>> find(String id) {
        return broker.errands()
                .run(
                        "reading a receipt",
                        key(id),
                        connection -> connection.commands().hgetall(key(id)).thenApply(fields -> receipt(id, fields)));
    }

    private static Optional<Receipt> receipt(String id, Map<String, byte[]> fields) {
        byte[] topic = fields.get(TOPIC);
        if (topic == null) {
            return Optional.empty();
        }
        String from = text(fields.get(FROM));
        String epoch = text(fields.get(EPOCH));
        List<Count> counts = new ArrayList<>();
        fields.forEach((name, value) -> {
            if (name.startsWith(COUNT)) {
                counts.add(count(id, name.substring(COUNT.length()), text(value)));
            }
        });
        return Optional.of(new Receipt(
                new Topic(new String(topic, UTF_8)),
                Address.parse(from).orElse(null),
                fields.containsKey(NODES) ? Integer.parseInt(text(fields.get(NODES))) : -1,
                epoch.isEmpty() ? null : new Position(epoch, Long.parseLong(text(fields.get(OFFSET)))),
                counts));
    }

    private static Count count(String id, String node, String numbers) {
        String[] parts = numbers.split(" ", -1);
        return new Count(
                id, node, null, Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }

    @Override
    public String hear(Consumer<Count> listener) {
        broker.hear(
                channel(ear),
                message -> {
                    String[] parts = new String(message, US_ASCII).split(" ", 3);
                    listener.accept(count(parts[0], parts[1], parts[2]));
                },
                () -> {});
        return ear;
    }

    private String channel(String asker) {
        return prefix + ":receipts:" + asker;
    }

    private String key(String id) {
        return prefix + ":{" + id + "}:r";
    }

    private static byte[] ascii(long number) {
        return Long.toString(number).getBytes(US_ASCII);
    }

    private static String text(byte @Nullable [] value) {
        return value == null ? "" : new String(value, US_ASCII);
    }
}
