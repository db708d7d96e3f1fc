package io.whimbrel.broker.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisReadOnlyException;
import io.whimbrel.broker.BrokerUnavailableException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong with Redis, in words for the operator. Of Redis' own errors only the code is quoted: their text may
 * repeat a command, and with it a password or a payload.
 */
final class RedisTrouble {
    private static final Pattern ERROR_CODE = Pattern.compile("^-?([A-Z]{2,20})\\b");

    /** What the native transport says before the system's own words: which call failed with which number. */
    private static final Pattern NATIVE_CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-?\\d+\\): ");

    private static final int DEEPEST_CAUSE = 20;

    private RedisTrouble() {}

    static String describe(Throwable failure) {
        if (causes(failure).anyMatch(UnknownHostException.class::isInstance)) {
            return "no address is known for its name"; // which cause is deepest depends on who resolves names
        }
        Throwable root = root(failure);
        String code = code(root);
        if (code != null) {
            return "Redis refused (%s)".formatted(code);
        }
        return switch (root) {
            case UnfitServerException unfit -> String.valueOf(unfit.getMessage());
            case BrokerUnavailableException unavailable -> String.valueOf(unavailable.getMessage());
            case Shards.NoShardException unknown -> String.valueOf(unknown.getMessage());
            case RedisCommandTimeoutException _, TimeoutException _ -> "no answer in time";
            case IOException _ ->
                NATIVE_CALL.matcher(String.valueOf(root.getMessage())).replaceFirst("");
            case GeneralSecurityException _ ->
                "its certificate is not accepted: " + root.getMessage(); // from rediss://
            case CancellationException _ -> "the connection was closed";
            case IllegalStateException _
            when root.getMessage() != null -> String.valueOf(root.getMessage()); // such as: no unix sockets here
            case RedisException _ when isQueueFull(failure) -> "too many commands wait for their answer";
            case RedisException _ -> "the connection was lost";
            default -> root.getClass().getSimpleName();
        };
    }

    static BrokerUnavailableException unavailable(String doing, Throwable failure) {
        String why = "%s: %s".formatted(doing, describe(failure));
        return lacksReplicas(failure)
                ? BrokerUnavailableException.forWantOfReplicas(why)
                : new BrokerUnavailableException(why);
    }

    /** Whether Redis is there and merely does not like the command. */
    static boolean isAnswer(Throwable failure) {
        return root(failure) instanceof RedisCommandExecutionException;
    }

    /** Whether Redis takes no writes, since it is a replica. */
    static boolean isReplica(Throwable failure) {
        return root(failure) instanceof RedisReadOnlyException;
    }

    static boolean lacksReplicas(Throwable failure) {
        return root(failure) instanceof BrokerUnavailableException unavailable && unavailable.lacksReplicas();
    }

    static boolean isTimeout(Throwable failure) {
        return root(failure) instanceof RedisCommandTimeoutException;
    }

    /** Whether the command was not sent, since so many wait already: Lettuce has a limit before a connection, and one behind. */
    static boolean isQueueFull(Throwable failure) {
        String message = String.valueOf(root(failure).getMessage());
        return message.startsWith("Request queue size exceeded") || message.startsWith("Internal stack size exceeded");
    }

    private static @Nullable String code(Throwable root) {
        String message = root.getMessage();
        if (!(root instanceof RedisException) || root instanceof RedisCommandTimeoutException || message == null) {
            return null;
        }
        Matcher matcher = ERROR_CODE.matcher(message);
        return matcher.find() ? matcher.group(1) : null;
    }

    static Throwable root(Throwable failure) {
        return causes(failure).reduce((_, deeper) -> deeper).orElse(failure);
    }

    private static Stream<Throwable> causes(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).limit(DEEPEST_CAUSE);
    }
}
