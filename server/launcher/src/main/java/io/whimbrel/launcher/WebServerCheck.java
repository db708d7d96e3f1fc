package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.auth.TokenVerifier;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the web server answers questions about tokens, asked every two seconds: a gateway that cannot ask lets nobody
 * in and must not be called ready. Safe for any thread.
 */
final class WebServerCheck {
    private static final Logger log = LoggerFactory.getLogger(WebServerCheck.class);
    private static final long INTERVAL_MILLIS = 2_000;
    private static final String NO_TOKEN = "readiness-check";

    private final TokenVerifier verifier;
    private volatile Optional<String> problem = Optional.of("the web server has not answered yet");

    WebServerCheck(TokenVerifier verifier, Vertx vertx) {
        this.verifier = verifier;
        ask();
        vertx.setPeriodic(INTERVAL_MILLIS, _ -> ask());
    }

    Optional<String> problem() {
        return problem;
    }

    private void ask() {
        verifier.verify(NO_TOKEN)
                .thenAccept(verdict -> became(
                        verdict instanceof TokenVerdict.Unavailable(String why) ? Optional.of(why) : Optional.empty()));
    }

    private void became(Optional<String> now) {
        if (now.isPresent() != problem.isPresent()) {
            now.ifPresentOrElse(
                    why -> log.warn("Nobody can come in: {}", why), () -> log.info("The web server answers"));
        }
        problem = now;
    }
}
