package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.auth.WebServerVerifier;
import io.whimbrel.broker.redis.RedisBroker;
import io.whimbrel.broker.redis.RedisSettings;
import io.whimbrel.gateway.Gateway;
import picocli.CommandLine.Command;

@Command(name = "gateway", description = "Runs the WebSocket gateway alone.", sortOptions = false)
final class GatewayCommand extends SettingsCommand {
    private static final int ADMIN_EVENT_LOOPS = 1;

    /**
     * How long the port stays closed for Redis. Clients of a gateway that is restarted wait in their line, instead of being let
     * in only to be told to come again; without Redis they are told so from then on.
     */
    @Override
    public Integer call() throws Exception {
        Settings settings = settings();
        SettingsCheck.run(settings);
        Logging.configure(settings);
        Alone.requireRedis(settings);
        Signals signals = new Signals(() -> {});
        try (Teardown teardown = new Teardown()) {
            RedisSettings redis = RedisParts.broker(settings);
            Vertx vertx = VertxParts.start(ADMIN_EVENT_LOOPS, teardown);
            Observability observability = Observability.of("gateway");
            TokenVerifier verifier = verifier(settings, vertx, observability, teardown);
            Gateway gateway = GatewayService.start(
                    settings,
                    vertx,
                    (listener, loops) -> RedisParts.begin(RedisBroker.connect(redis, loops, listener)),
                    verifier,
                    EdgeParts.openTls(settings, teardown),
                    observability,
                    teardown);
            teardown.add(gateway::stop);
            signals.await();
            signals.haltAfter(settings.number("gateway.drain.seconds") * 1_000L + Alone.STOP_MARGIN_MILLIS);
        }
        return 0;
    }

    private static TokenVerifier verifier(
            Settings settings, Vertx vertx, Observability observability, Teardown teardown) {
        if (settings.oneOf("gateway.auth.mode", "callback", "local").equals("local")) {
            var local = AuthParts.gatewayVerifier(settings);
            teardown.add(local);
            return local;
        }
        if (EdgeParts.tls(settings).isPresent() && !settings.isGiven("gateway.auth.url")) {
            throw new IllegalArgumentException("gateway.auth.url is not set, and tls.certificate is: "
                    + "name the web server as its certificate does, such as https://example.org:5000/auth/{token}");
        }
        WebServerVerifier callback = AuthParts.callbackVerifier(settings);
        teardown.add(callback);
        observability.health().check("web server", new WebServerCheck(callback, vertx)::problem);
        observability.metrics().gauge("whimbrel.gateway.auth.in.flight", callback, WebServerVerifier::inFlight);
        observability.metrics().gauge("whimbrel.gateway.auth.waiting", callback, WebServerVerifier::waiting);
        return callback;
    }
}
