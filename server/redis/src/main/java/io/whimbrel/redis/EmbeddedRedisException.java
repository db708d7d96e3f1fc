package io.whimbrel.redis;

import org.jspecify.annotations.Nullable;

/** Why the embedded Redis does not run: a sentence for the operator, then the end of Redis' log where that helps. */
public class EmbeddedRedisException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EmbeddedRedisException(String sentence) {
        this(sentence, null);
    }

    EmbeddedRedisException(String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
    }

    /** The first line of the message, without the log. */
    public String sentence() {
        return String.valueOf(getMessage()).lines().findFirst().orElse("");
    }
}
