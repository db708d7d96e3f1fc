package io.whimbrel.launcher;

import io.vertx.core.json.JsonObject;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.PublicationId;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The way of one message, as the web server tells it, and as people read it. */
record TracedMessage(String id, String topic, List<Hop> hops) {
    private static final int LEAST_NODE_WIDTH = 4;
    /** Of the longest that is usual, so that tables printed one after the other stand alike. */
    private static final int LEAST_WHAT_WIDTH = Outcome.CLOSED_SLOW.words().length();

    TracedMessage {
        hops = List.copyOf(hops);
    }

    /** One point of it; times are milliseconds since 1970, with a fraction. */
    record Hop(double timeMillis, String node, String what, String detail) {
        /** What it is known by when it is read again: the web server finds some out anew each time. */
        String key() {
            boolean foundOut = what.equals(Outcome.WAITING.words())
                    || what.equals(Outcome.EXPIRED.words())
                    || what.equals(Outcome.MORE.words());
            return foundOut ? what : timeMillis + node + what + detail;
        }
    }

    static TracedMessage read(BackendCalls calls, String id) {
        if (!PublicationId.isValid(id) || !id.matches("[A-Za-z0-9._~-]+")) {
            throw new IllegalArgumentException("\"%s\" is no id of a message".formatted(id));
        }
        JsonObject answer = calls.get("/messages/" + id + "/trace");
        List<Hop> hops = answer.getJsonArray("hops").stream()
                .map(hop -> hop((JsonObject) hop))
                .toList();
        return new TracedMessage(answer.getString("id"), answer.getString("topic"), hops);
    }

    private static Hop hop(JsonObject json) {
        return new Hop(
                json.getDouble("time"), json.getString("node"), json.getString("what"), json.getString("detail"));
    }

    String heading() {
        return "message %s in %s%n".formatted(id, topic);
    }

    /** Rows for some of its hops, with times relative to the first of all. */
    String table(List<Hop> some) {
        double began = hops.isEmpty() ? 0 : hops.getFirst().timeMillis();
        int nodeWidth = width(Hop::node, LEAST_NODE_WIDTH);
        int whatWidth = width(Hop::what, LEAST_WHAT_WIDTH);
        String row = "%%12s  %%-%ds  %%-%ds  %%s".formatted(nodeWidth, whatWidth);
        return some.stream()
                .map(hop -> String.format(
                                Locale.ROOT,
                                row,
                                String.format(Locale.ROOT, "%.3f ms", hop.timeMillis() - began),
                                hop.node(),
                                hop.what(),
                                hop.detail())
                        .stripTrailing())
                .collect(Collectors.joining(System.lineSeparator(), "", System.lineSeparator()));
    }

    private int width(Function<Hop, String> column, int least) {
        return hops.stream().mapToInt(hop -> column.apply(hop).length()).reduce(least, Math::max);
    }
}
