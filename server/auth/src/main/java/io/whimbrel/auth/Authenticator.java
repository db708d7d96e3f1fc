package io.whimbrel.auth;

import io.whimbrel.model.Topic;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Decides who may have a token. Safe for any thread; never blocks: what takes time completes the stage later. */
public interface Authenticator {
    /**
     * Never fails: what went wrong is a {@link Decision}.
     *
     * @param authorization the request's {@code Authorization} header as it came
     */
    CompletionStage<Decision> decide(Optional<String> authorization);

    sealed interface Decision {
        /**
         * May have a token.
         *
         * @param identity a stable name, which always leads to the same address; empty for an unknown visitor, who gets
         *     a fresh address
         * @param topics what the token's bearer may receive besides what is sent to the address
         */
        record Granted(Optional<String> identity, List<Topic> topics) implements Decision {
            public Granted {
                topics = List.copyOf(topics);
            }

            /** Without further topics. */
            public Granted(Optional<String> identity) {
                this(identity, List.of());
            }
        }

        /**
         * May not.
         *
         * @param challenge the value of {@code WWW-Authenticate} (RFC 9110 §11.6.1)
         */
        record Denied(String challenge) implements Decision {}

        /** Could not be decided now; the client may try again in a moment. */
        record Unavailable(String why) implements Decision {}
    }
}
