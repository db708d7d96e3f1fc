package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.KeySource;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.redis.RedisBroker;
import io.whimbrel.gateway.GatewaySettings;
import picocli.CommandLine.Command;

@Command(name = "web", description = "Runs the web server alone.", sortOptions = false)
final class WebCommand extends SettingsCommand {
    @Override
    public Integer call() throws Exception {
        Settings settings = settings();
        SettingsCheck.run(settings);
        Logging.configure(settings);
        Alone.requireRedis(settings);
        Signals signals = new Signals(() -> {});
        try (Teardown teardown = new Teardown()) {
            KeySource.SigningKey key = AuthParts.signingKey(settings);
            Vertx vertx = VertxParts.start(Runtime.getRuntime().availableProcessors(), teardown);
            Broker broker = RedisParts.begin(
                    RedisBroker.connect(RedisParts.broker(settings), VertxParts.loops(vertx), Broker.Listener.NONE));
            teardown.add(broker);
            WebService web = WebService.start(
                    settings,
                    vertx,
                    broker,
                    key,
                    settings.isGiven("gateway.port")
                            ? settings.number("gateway.port", 0, 65_535)
                            : GatewaySettings.DEFAULT_PORT,
                    EdgeParts.openTls(settings, teardown),
                    Observability.of("web"),
                    teardown);
            teardown.add(web::stop);
            signals.await();
            signals.haltAfter(settings.duration("web.drain.timeout").toMillis() + Alone.STOP_MARGIN_MILLIS);
        }
        return 0;
    }
}
