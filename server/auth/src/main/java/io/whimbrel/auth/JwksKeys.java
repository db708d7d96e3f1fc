package io.whimbrel.auth;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import java.net.MalformedURLException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys of a JWK set behind an address. The set is fetched when first needed, renewed in the background before it is
 * {@link #KEPT_MILLIS} old, fetched again for a key id it does not have (but not more often than
 * {@link #FETCH_INTERVAL_MILLIS}), and used up to {@link #OUTAGE_MILLIS} while its server is away. All asking is done on virtual threads.
 */
final class JwksKeys implements KeyFinder {
    private static final Logger log = LoggerFactory.getLogger(JwksKeys.class);

    private static final long KEPT_MILLIS = TimeUnit.MINUTES.toMillis(5);
    private static final long RENEWED_BEFORE_MILLIS = TimeUnit.MINUTES.toMillis(1);
    private static final long FETCH_INTERVAL_MILLIS = TimeUnit.SECONDS.toMillis(5);
    private static final long OUTAGE_MILLIS = TimeUnit.HOURS.toMillis(4);
    private static final int HTTP_TIMEOUT_MILLIS = 2_000;
    private static final int MAX_SET_BYTES = 256 * 1024;

    /** Keys tried on a token without a key id, each at the cost of a check. */
    private static final int MAX_CANDIDATES = 4;

    private final VerificationLimits limits;
    private final JWKSource<SecurityContext> source;
    private final Semaphore places;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("auth-jwks-", 0).factory());

    JwksKeys(KeySource.JwksUrl address, VerificationLimits limits) {
        this.limits = limits;
        places = new Semaphore(limits.keyQuestions());
        try {
            source = JWKSourceBuilder.create(
                            address.uri().toURL(),
                            new DefaultResourceRetriever(HTTP_TIMEOUT_MILLIS, HTTP_TIMEOUT_MILLIS, MAX_SET_BYTES))
                    .cache(KEPT_MILLIS, limits.keyTimeout().toMillis())
                    .refreshAheadCache(RENEWED_BEFORE_MILLIS, null, threads, false, null, false)
                    .rateLimited(FETCH_INTERVAL_MILLIS)
                    .outageTolerant(OUTAGE_MILLIS)
                    .build();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(address.setting() + " is no address", e);
        }
    }

    @Override
    public CompletionStage<Answer> find(JWSHeader header) {
        if (!places.tryAcquire()) {
            return CompletableFuture.completedFuture(new Answer.Away("too many wait for the JWK set"));
        }
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    answer.complete(ask(header));
                } finally {
                    places.release();
                }
            });
        } catch (RejectedExecutionException _) {
            places.release();
            answer.complete(new Answer.Away("closed"));
        }
        return answer.completeOnTimeout(
                new Answer.Away("the JWK set did not come in time"),
                limits.keyTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private Answer ask(JWSHeader header) {
        try {
            return new Answer.Keys(source.get(new JWKSelector(JWKMatcher.forJWSHeader(header)), null).stream()
                    .map(Jwks::publicKey)
                    .flatMap(Optional::stream)
                    .map(VerificationKey::of)
                    .flatMap(Optional::stream)
                    .limit(MAX_CANDIDATES)
                    .toList());
        } catch (KeySourceException e) {
            return new Answer.Away("the JWK set could not be fetched: " + e.getMessage());
        } catch (RuntimeException e) {
            log.error("Looking for a key failed by a fault of ours", e);
            return new Answer.Away("internal fault");
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
