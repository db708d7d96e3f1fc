package io.whimbrel.broker.redis;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a node of a cluster answers instead of doing a command that is not for it, or not for it yet.
 *
 * @param asking whether this holds for this command alone, since the key's slot is under way to that node
 * @param address of the node to go to; null for nobody in particular: try again
 * @see <a href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding">Cluster specification</a>
 */
record Redirection(boolean asking, @Nullable String address) {
    private static final Pattern TO_NODE = Pattern.compile("(MOVED|ASK) \\d+ (\\S+:\\d+)");
    private static final Pattern TRY_AGAIN = Pattern.compile("(TRYAGAIN|CLUSTERDOWN)\\b.*");

    /** Null for any other failure. */
    static @Nullable Redirection of(Throwable failure) {
        String message = String.valueOf(RedisTrouble.root(failure).getMessage());
        Matcher toNode = TO_NODE.matcher(message);
        if (toNode.matches()) {
            return new Redirection(toNode.group(1).equals("ASK"), toNode.group(2));
        }
        return TRY_AGAIN.matcher(message).matches() ? new Redirection(false, null) : null;
    }
}
