package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.api.async.RedisAsyncCommands;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.Trace;
import io.whimbrel.broker.Traces;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Traces in Redis: one hash per traced publication, {@code <prefix>:{<id>}:t}, with what it is, how many hops were told and each
 * of them under its number; and one list of ids per topic, {@link TopicKeys#traced}. Safe for any thread.
 */
final class RedisTraces implements Traces {
    /** Publications one call is about, so that Redis does not keep others waiting. */
    private static final int LEGS_AT_ONCE = 64;

    private static final byte[] KEPT_MILLIS = ascii(KEPT_FOR.toMillis());
    private static final byte[] MOST = ascii(MOST_HOPS);
    private static final byte[] UNKNOWN = {};

    private static final String TOPIC = "topic";
    private static final String FROM = "from";
    private static final String OFFSET = "offset";
    private static final String EPOCH = "epoch";
    private static final String HOPS = "hops";

    private final RedisBroker broker;
    private final String prefix;

    RedisTraces(RedisBroker broker, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
    }

    @Override
    public CompletionStage<Void> append(Collection<Leg> legs) {
        List<CompletionStage<?>> all = new ArrayList<>();
        all.add(broker.errands().runInPieces(legs, leg -> key(leg.id()), LEGS_AT_ONCE, "writing traces", this::append));
        for (Leg leg : legs) {
            if (leg.first()) {
                all.add(broker.errands()
                        .run(
                                "writing traces",
                                TopicKeys.traced(prefix, leg.topic()),
                                connection -> list(connection.commands(), leg)));
            }
        }
        return Stages.all(all);
    }

    private CompletionStage<List<Object>> append(Connection connection, List<Leg> legs) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(KEPT_MILLIS);
        arguments.add(MOST);
        for (Leg leg : legs) {
            Address from = leg.from();
            Position position = leg.position();
            arguments.add(leg.topic().name().getBytes(UTF_8));
            arguments.add(from == null ? UNKNOWN : from.toString().getBytes(US_ASCII));
            arguments.add(position == null ? UNKNOWN : ascii(position.offset()));
            arguments.add(position == null ? UNKNOWN : position.epoch().getBytes(US_ASCII));
            arguments.add(ascii(leg.hops().size()));
            leg.hops().forEach(hop -> arguments.add(encode(hop)));
        }
        String[] keys = legs.stream().map(leg -> key(leg.id())).toArray(String[]::new);
        return Script.TRACES.call(connection, keys, arguments.toArray(byte[][]::new));
    }

    private CompletionStage<Boolean> list(RedisAsyncCommands<String, byte[]> commands, Leg leg) {
        String list = TopicKeys.traced(prefix, leg.topic());
        var pushed = commands.rpush(list, leg.id().getBytes(US_ASCII));
        var trimmed = commands.ltrim(list, -MOST_OF_TOPIC, -1);
        return commands.pexpire(list, KEPT_FOR)
                .thenCombine(pushed.thenCombine(trimmed, (_, _) -> true), (_, _) -> true);
    }

    @Override
    public CompletionStage<Optional<Trace>> find(String id) {
        return broker.errands()
                .run(
                        "reading a trace",
                        key(id),
                        connection -> connection.commands().hgetall(key(id)).thenApply(RedisTraces::trace));
    }

    private static Optional<Trace> trace(Map<String, byte[]> fields) {
        byte[] topic = fields.get(TOPIC);
        if (topic == null) {
            return Optional.empty();
        }
        String from = text(fields.get(FROM));
        String epoch = text(fields.get(EPOCH));
        long told = Long.parseLong(text(fields.get(HOPS)));
        List<Hop> hops = new ArrayList<>();
        for (int i = 1; i <= Math.min(told, MOST_HOPS); i++) {
            Hop hop = decode(fields.get(Integer.toString(i)));
            if (hop != null) {
                hops.add(hop);
            }
        }
        return Optional.of(new Trace(
                new Topic(new String(topic, UTF_8)),
                Address.parse(from).orElse(null),
                epoch.isEmpty() ? null : new Position(epoch, Long.parseLong(text(fields.get(OFFSET)))),
                hops,
                Math.max(0, told - MOST_HOPS)));
    }

    @Override
    public CompletionStage<List<String>> recent(Topic topic) {
        return broker.errands()
                .run(
                        "reading what is traced",
                        TopicKeys.traced(prefix, topic),
                        connection -> connection
                                .commands()
                                .lrange(TopicKeys.traced(prefix, topic), 0, -1)
                                .thenApply(ids -> ids.stream()
                                        .map(RedisTraces::text)
                                        .distinct()
                                        .toList()));
    }

    /** {@code <microseconds since 1970> <node> <what> <detail>} with tabs, which none of them holds, in between. */
    private static byte[] encode(Hop hop) {
        return "%d\t%s\t%s\t%s"
                .formatted(hop.timeMicros(), hop.node(), hop.what(), hop.detail())
                .getBytes(UTF_8);
    }

    /** Null for what this version cannot read. */
    private static @Nullable Hop decode(byte @Nullable [] field) {
        if (field == null) {
            return null;
        }
        String[] parts = new String(field, UTF_8).split("\t", 4);
        try {
            return parts.length < 4 ? null : new Hop(Long.parseLong(parts[0]), parts[1], parts[2], parts[3]);
        } catch (IllegalArgumentException _) {
            return null; // of a later version with other limits
        }
    }

    private String key(String id) {
        return prefix + ":{" + id + "}:t";
    }

    private static byte[] ascii(long number) {
        return Long.toString(number).getBytes(US_ASCII);
    }

    private static String text(byte @Nullable [] value) {
        return value == null ? "" : new String(value, US_ASCII);
    }
}
