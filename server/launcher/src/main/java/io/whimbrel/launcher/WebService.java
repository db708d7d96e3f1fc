package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.KeySource;
import io.whimbrel.auth.LocalVerifier;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.SignedTokens;
import io.whimbrel.broker.Broker;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.web.TraceSettings;
import io.whimbrel.web.WebParts;
import io.whimbrel.web.WebServer;
import io.whimbrel.web.WebSettings;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The web server with all it needs. */
final class WebService {
    private static final Logger log = LoggerFactory.getLogger(WebService.class);

    private final WebServer server;
    private final WebSettings settings;
    private final AtomicBoolean stopping;

    private WebService(WebServer server, WebSettings settings, AtomicBoolean stopping) {
        this.server = server;
        this.settings = settings;
        this.stopping = stopping;
    }

    /**
     * Opens the port.
     *
     * @param broker closed by who made it
     * @param gatewayPort for the page, where {@code web.gateway.url} is not set
     * @param tls null for plain connections
     */
    static WebService start(
            Settings settings,
            Vertx vertx,
            Broker broker,
            KeySource.SigningKey key,
            int gatewayPort,
            @Nullable TlsFiles tls,
            Observability observability,
            Teardown teardown) {
        WebSettings web = webSettings(settings);
        Ports.requireFree("web.port", web.host(), web.port());
        Revocations revocations = new Revocations(InstantSource.system());
        SignedTokens issuer = AuthParts.issuer(settings, key, revocations);
        LocalVerifier verifier = AuthParts.localVerifier(settings, key);
        Authenticator authenticator = AuthParts.authenticator(settings);
        teardown.add(verifier);
        if (authenticator instanceof AutoCloseable closeable) {
            teardown.add(closeable);
        }
        observability.health().check("broker", broker::notReady);
        observability.health().check("revocations", revocations::problem);
        AtomicBoolean stopping = new AtomicBoolean();
        observability.health().check("web", () -> stopping.get() ? Optional.of("stopping") : Optional.empty());
        observability.watch(broker);
        if (tls != null) {
            tls.bindTo(observability.metrics());
        }
        int adminPort = observability.serve(vertx, settings, teardown);
        TraceParts traces = TraceParts.start(settings, observability, teardown);
        WebParts parts = new WebParts(
                verifier,
                revocations,
                issuer,
                authenticator,
                broker,
                issuer::publicKeys,
                gatewayPort,
                observability.metrics(),
                tls,
                EdgeParts.proxies(settings),
                traces.spans());
        WebServer server = Waiting.forStart(WebServer.start(vertx, web, parts), "web.port", web.port());
        traces.open().accept(server.node());
        observability.opened();
        log.info("web server on port {}{}, admin port {}", server.port(), tls == null ? "" : " (TLS)", adminPort);
        return new WebService(server, web, stopping);
    }

    int port() {
        return server.port();
    }

    void stop() throws Exception {
        stopping.set(true);
        Waiting.atMost(settings.drainTimeout().toMillis() + 1_000, TimeUnit.MILLISECONDS, server.stop());
    }

    static WebSettings webSettings(Settings settings) {
        WebSettings.Draft draft = WebSettings.draft();
        draft.host = settings.text("web.host");
        draft.port = settings.number("web.port", 0, 65_535);
        draft.corsOrigins = settings.list("web.cors.origins");
        draft.apiKeys = settings.list("web.api-keys");
        draft.ratePerSecond = settings.number("web.rate.per-second");
        draft.rateBurst = settings.number("web.rate.burst");
        draft.tokenRatePerSecond = settings.number("web.token.rate.per-second");
        draft.tokenRateBurst = settings.number("web.token.rate.burst");
        draft.maxBodyBytes = settings.number("web.max-body-bytes");
        draft.gatewayUrl = settings.text("web.gateway.url");
        draft.redisPlainChannel = settings.text("web.redis.plain-channel");
        draft.idempotencyTime = settings.duration("web.idempotency.time");
        draft.maxWaitingReceipts = settings.number("web.receipts.max-waiting");
        draft.publishTimeout = settings.duration("web.publish.timeout");
        draft.requestTimeout = settings.duration("web.request.timeout");
        draft.idleTimeout = settings.duration("web.idle.timeout");
        draft.maxConnections = settings.number("web.max-connections");
        draft.drainTimeout = settings.duration("web.drain.timeout");
        draft.traces =
                new TraceSettings(settings.share("trace.share"), settings.number("trace.max-per-second", 0, 100_000));
        return draft.settled();
    }
}
