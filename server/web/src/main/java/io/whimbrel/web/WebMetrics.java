package io.whimbrel.web;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.whimbrel.model.ClientError;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What the web server counts, registered once and read when somebody asks. Safe for any thread. */
final class WebMetrics {
    final LongAdder published;
    final LongAdder replayed;
    final LongAdder traced;
    final LongAdder traceRefused;
    final LongAdder tokensIssued;
    final LongAdder tokensRenewed;
    final LongAdder tokensRateLimited;
    final LongAdder authValid;
    final LongAdder authExpired;
    final LongAdder authInvalid;
    final LongAdder authRevoked;
    final LongAdder authUnavailable;
    final LongAdder plainFailures;
    final LongAdder connectionsRefused;
    private final Map<ClientError, LongAdder> refusals = new EnumMap<>(ClientError.class);
    private final Timer brokerTime;

    WebMetrics(MeterRegistry registry) {
        published = counter(registry, "whimbrel.web.publish.accepted", "Publications the broker took");
        replayed = counter(
                registry,
                "whimbrel.web.publish.replayed",
                "Repetitions, answered as the first with their idempotency key");
        traced = counter(registry, "whimbrel.web.traced", "Publications that are traced");
        traceRefused =
                counter(registry, "whimbrel.web.traces.refused", "Those that were to be, above trace.max-per-second");
        for (ClientError error : ClientError.values()) {
            String text = "Publications refused, by problem";
            refusals.put(error, counter(registry, "whimbrel.web.publish.refused", text, "problem", slug(error)));
        }
        String tokens = "whimbrel.web.tokens";
        tokensIssued = counter(registry, tokens, "Tokens given out", "kind", "issued");
        tokensRenewed = counter(registry, tokens, "Tokens given out", "kind", "renewed");
        tokensRateLimited =
                counter(registry, "whimbrel.web.token.rate.limited", "Requests for tokens above the rate of a source");
        String auth = "whimbrel.web.auth";
        authValid = counter(registry, auth, "Answers about tokens", "outcome", "valid");
        authExpired = counter(registry, auth, "Answers about tokens", "outcome", "expired");
        authInvalid = counter(registry, auth, "Answers about tokens", "outcome", "invalid");
        authRevoked = counter(registry, auth, "Answers about tokens", "outcome", "revoked");
        authUnavailable = counter(registry, auth, "Answers about tokens", "outcome", "unavailable");
        plainFailures = counter(registry, "whimbrel.web.plain.failures", "Copies the plain channel did not take");
        connectionsRefused =
                counter(registry, "whimbrel.web.connections.refused", "Connections above web.max-connections");
        brokerTime = Timer.builder("whimbrel.web.broker")
                .description("How long the broker takes to accept a publication")
                .serviceLevelObjectives(
                        Duration.ofMillis(1),
                        Duration.ofMillis(5),
                        Duration.ofMillis(25),
                        Duration.ofMillis(100),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(3))
                .register(registry);
    }

    void publishRefused(ClientError error) {
        LongAdder count = refusals.get(error);
        if (count != null) {
            count.increment();
        }
    }

    void brokerAnswered(long nanos) {
        brokerTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** The last word of the problem's type. */
    private static String slug(ClientError error) {
        return error.type().substring(error.type().lastIndexOf(':') + 1);
    }

    private static LongAdder counter(MeterRegistry registry, String name, String description, String... tags) {
        LongAdder count = new LongAdder();
        FunctionCounter.builder(name, count, LongAdder::sum)
                .description(description)
                .tags(tags)
                .register(registry);
        return count;
    }
}
