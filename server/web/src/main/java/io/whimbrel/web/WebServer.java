package io.whimbrel.web;

import io.micrometer.core.instrument.Gauge;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.HopWriter;
import io.whimbrel.broker.PlainChannels;
import io.whimbrel.broker.RevocationNotices;
import io.whimbrel.model.Address;
import io.whimbrel.ops.NodeName;
import io.whimbrel.ops.Source;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TlsIdentity;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The web server: {@code /token}, {@code /auth}, {@code /publish}, {@code /revoke}, the keys and the page, on one port and as many event
 * loops as there are processors. Safe for any thread.
 *
 * <p>It stands on Vert.x' HTTP server without the router of Vert.x Web, which normalizes paths and fails on broken ones,
 * while {@code /auth/{token}} owes an answer to whatever stands in its path.
 */
public final class WebServer {
    private static final Logger log = LoggerFactory.getLogger(WebServer.class);

    /** Room for a token in a path. */
    private static final int MAX_REQUEST_LINE_BYTES = 8 * 1024;

    private static final int MAX_HEADER_BYTES = 16 * 1024;
    private static final int ACCEPT_BACKLOG = 1024;
    /** Vert.x: a free port, the same one for all instances of a deployment. */
    private static final int FREE_PORT = -1;

    /** How long the port stays closed where the broker does not say which tokens are revoked. */
    private static final long REVOCATIONS_MILLIS = 2_000;

    private final Vertx vertx;
    private final WebSettings settings;
    private final Clocks clocks;
    private final Cors cors;
    private final Routes routes;
    private final WebMetrics metrics;
    private final @Nullable TlsFiles tls;
    private final List<HttpServer> servers = new CopyOnWriteArrayList<>();
    private final AtomicInteger connectionCount = new AtomicInteger();
    private volatile int port;
    /** How traces call this server. */
    private volatile String node = "web";

    /** Completes when it is known which tokens are revoked; before that none counts. */
    private final CompletionStage<Void> heard;

    private volatile @Nullable String deployment;

    private WebServer(Vertx vertx, WebSettings settings, WebParts parts, Clocks clocks) {
        this.vertx = vertx;
        this.settings = settings;
        this.clocks = clocks;
        this.tls = parts.tls();
        this.cors = new Cors(settings.corsOrigins());
        this.routes = new Routes(cors);
        this.metrics = new WebMetrics(parts.metrics());
        Rates<Address> rates = new Rates<>(settings.ratePerSecond(), settings.rateBurst(), clocks.nanos());
        Gauge.builder("whimbrel.web.connections", connectionCount, AtomicInteger::get)
                .description("Open connections")
                .register(parts.metrics());
        Gauge.builder("whimbrel.web.senders", rates, Rates::size)
                .description("Senders whose rate is remembered")
                .register(parts.metrics());
        TokenVerifier verifier = parts.revocations().guard(parts.verifier());
        routes.get("/token", new TokenEndpoint(parts, verifier, sourceRates(parts), metrics));
        routes.getBelow(AuthEndpoint.PREFIX, new AuthEndpoint(verifier, metrics));
        Senders senders = new Senders(verifier, new ApiKeys(settings.apiKeys()));
        routes.post("/revoke", new RevokeEndpoint(settings, parts, verifier, senders, clocks.wall()));
        RevocationNotices revocations = new RevocationNotices(parts.broker().notices());
        heard = revocations.hear(parts.revocations()::add).thenRun(parts.revocations()::complete);
        Gauge.builder("whimbrel.web.revocations", parts.revocations(), Revocations::size)
                .description("Revocations this web server knows of")
                .register(parts.metrics());
        ReceiptDesk receipts = new ReceiptDesk(
                parts.broker().receipts(), settings.maxWaitingReceipts(), parts.metrics(), clocks.nanos());
        Broker broker = parts.broker();
        HopWriter hops = new HopWriter(
                broker.traces(),
                broker.counters(),
                () -> node,
                clocks.wall(),
                task -> vertx.runOnContext(_ -> task.run()));
        FollowedAddresses followed = new FollowedAddresses(broker.notices(), clocks.wall()).start();
        TraceDesk traces = new TraceDesk(settings.traces(), hops, followed::contain, clocks.nanos(), metrics);
        routes.post(
                "/publish",
                new PublishEndpoint(
                        settings, parts, verifier, senders, rates, receipts, traces, copies(parts), metrics, clocks));
        BrokerReads reads = new BrokerReads(settings.publishTimeout().toMillis());
        Endpoint message = new MessageEndpoint(senders, broker, reads);
        Endpoint trace = new TraceEndpoint(senders, broker, hops, reads);
        routes.getBelow(
                MessageEndpoint.PREFIX,
                exchange -> (TraceEndpoint.isPath(exchange.path()) ? trace : message).serve(exchange));
        TracesEndpoint following = new TracesEndpoint(senders, followed, broker, reads);
        routes.post(TracesEndpoint.PATH, following::begin);
        routes.getBelow(TracesEndpoint.PREFIX, following::list);
        routes.get(KeysEndpoint.PATH, new KeysEndpoint(parts.jwks()));
        String gateway =
                settings.gatewayUrl().isEmpty() ? Integer.toString(parts.gatewayPort()) : settings.gatewayUrl();
        PageEndpoint.addTo(routes, PageEndpoint.FOLDER, gateway);
    }

    /**
     * Completes when the port is open, and fails with a {@link java.net.BindException} where it is taken.
     *
     * @throws IllegalArgumentException where a setting does not fit the broker
     * @throws IllegalStateException where the page is not on the class path
     */
    public static Future<WebServer> start(Vertx vertx, WebSettings settings, WebParts parts) {
        return start(vertx, settings, parts, Clocks.SYSTEM);
    }

    static Future<WebServer> start(Vertx vertx, WebSettings settings, WebParts parts, Clocks clocks) {
        WebServer web = new WebServer(vertx, settings, parts, clocks);
        int loops = Runtime.getRuntime().availableProcessors();
        return Future.fromCompletionStage(web.heard)
                .timeout(REVOCATIONS_MILLIS, TimeUnit.MILLISECONDS)
                .otherwiseEmpty() // the broker is away: what needs no token can be served
                .compose(_ ->
                        vertx.deployVerticle(() -> web.new Listener(), new DeploymentOptions().setInstances(loops)))
                .map(id -> {
                    web.deployment = id;
                    web.node = NodeName.of("web", web.port());
                    web.followCertificate();
                    return web;
                });
    }

    private void followCertificate() {
        if (tls != null) {
            tls.follow(identity -> servers.forEach(server -> server.updateSSLOptions(sslOptions(identity), true)
                    .onFailure(e -> log.error("A new certificate could not be taken into use", e))));
        }
    }

    /** HTTP/1.1 only: what counts and times connections knows of one request at a time on each. */
    private ServerSSLOptions sslOptions(TlsIdentity identity) {
        return new ServerSSLOptions()
                .setUseAlpn(false)
                .setSslHandshakeTimeout(settings.requestTimeout().toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setKeyCertOptions(KeyCertOptions.wrap(identity.keyManagers()));
    }

    /** The port clients connect to, also where the setting was 0. */
    public int port() {
        return port;
    }

    /** How traces call this web server. */
    public String node() {
        return node;
    }

    /**
     * Stops accepting, lets requests in flight end for at most {@code web.drain.timeout}, and completes when all
     * connections are closed.
     */
    public Future<Void> stop() {
        String id = deployment;
        deployment = null;
        return id == null ? Future.succeededFuture() : vertx.undeploy(id);
    }

    private @Nullable Rates<Source> sourceRates(WebParts parts) {
        if (settings.tokenRatePerSecond() == 0) {
            return null;
        }
        Rates<Source> rates = new Rates<>(settings.tokenRatePerSecond(), settings.tokenRateBurst(), clocks.nanos());
        Gauge.builder("whimbrel.web.token.sources", rates, Rates::size)
                .description("Sources whose rate of tokens is remembered")
                .register(parts.metrics());
        return rates;
    }

    private @Nullable PlainCopies copies(WebParts parts) {
        String channel = settings.redisPlainChannel();
        if (channel.isEmpty()) {
            return null;
        }
        PlainChannels channels = parts.broker()
                .plainChannels()
                .orElseThrow(() -> new IllegalArgumentException(
                        "web.redis.plain-channel is \"%s\", but must be empty with a broker other than Redis"
                                .formatted(channel)));
        return new PlainCopies(channels, channel, metrics, clocks.nanos());
    }

    /** One event loop's share of the connections. */
    private final class Listener extends VerticleBase {
        private final Connections connections = new Connections(settings, clocks, connectionCount, metrics);
        private @Nullable HttpServer server;

        @Override
        public Future<?> start() {
            vertx.setPeriodic(connections.sweepMillis(), _ -> connections.sweep());
            HttpServer starting = vertx.createHttpServer(options())
                    .connectionHandler(connections::onConnect)
                    .requestHandler(this::onRequest)
                    .invalidRequestHandler(this::onInvalidRequest);
            server = starting;
            servers.add(starting);
            int wanted = settings.port() == 0 ? FREE_PORT : settings.port();
            return starting.listen(wanted, settings.host()).onSuccess(listening -> port = listening.actualPort());
        }

        @Override
        public Future<?> stop() {
            connections.drain();
            servers.remove(server);
            return server == null
                    ? Future.succeededFuture()
                    : server.shutdown(settings.drainTimeout().toMillis(), TimeUnit.MILLISECONDS);
        }

        private void onRequest(HttpServerRequest request) {
            Exchange exchange = begin(request);
            exchange.run(() -> routes.serve(exchange));
        }

        /** What is not HTTP, or more of it than we take; Vert.x closes the connection after the answer. */
        private void onInvalidRequest(HttpServerRequest request) {
            begin(request).refuse(Problem.malformed("The request is not valid HTTP, or its head is too large"));
        }

        private Exchange begin(HttpServerRequest request) {
            Exchange exchange = new Exchange(request, context, cors, connections, settings.maxBodyBytes());
            connections.onRequest(request.connection(), exchange);
            return exchange;
        }

        /** For how many milliseconds a client that reads may be sent nothing. One that does not read cannot be closed in order. */
        private int longestSilence() {
            return Math.toIntExact(settings.idleTimeout()
                    .plus(settings.requestTimeout())
                    .plusMillis(Wishes.LONGEST_TIMEOUT_MILLIS)
                    .plusSeconds(1)
                    .toMillis());
        }

        private HttpServerOptions options() {
            HttpServerOptions options = new HttpServerOptions()
                    .setMaxInitialLineLength(MAX_REQUEST_LINE_BYTES)
                    .setMaxHeaderSize(MAX_HEADER_BYTES)
                    .setAcceptBacklog(ACCEPT_BACKLOG)
                    .setHttp2ClearTextEnabled(false)
                    .setWriteIdleTimeout(longestSilence())
                    .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                    .setPerFrameWebSocketCompressionSupported(false)
                    .setPerMessageWebSocketCompressionSupported(false);
            if (tls != null) {
                options.setSsl(true)
                        .setUseAlpn(false)
                        .setSslHandshakeTimeout(settings.requestTimeout().toMillis())
                        .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                        .setKeyCertOptions(KeyCertOptions.wrap(tls.identity().keyManagers()));
            }
            return options;
        }
    }
}
