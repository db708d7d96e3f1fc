package io.whimbrel.launcher;

import io.vertx.core.Vertx;
import io.whimbrel.auth.Revocations;
import io.whimbrel.auth.TokenVerifier;
import io.whimbrel.gateway.BrokerFactory;
import io.whimbrel.gateway.EventLoops;
import io.whimbrel.gateway.Gateway;
import io.whimbrel.gateway.GatewaySettings;
import io.whimbrel.gateway.OutboxRules;
import io.whimbrel.ops.TlsFiles;
import java.net.BindException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway with all it needs. */
final class GatewayService {
    private static final Logger log = LoggerFactory.getLogger(GatewayService.class);

    private GatewayService() {}

    /** Opens the port. The gateway's own event loops end with the teardown, the gateway itself is stopped by the caller. */
    static Gateway start(
            Settings settings,
            Vertx vertx,
            BrokerFactory brokers,
            TokenVerifier verifier,
            @Nullable TlsFiles tls,
            Observability observability,
            Teardown teardown) {
        GatewaySettings gatewaySettings = gatewaySettings(settings);
        if (gatewaySettings.edge().proxyProtocol()
                && settings.list("proxies.trusted").isEmpty()) {
            throw new IllegalArgumentException("gateway.proxy-protocol is true, but proxies.trusted is empty:"
                    + " it must name the proxies, or anybody could claim any address");
        }
        Ports.requireFree("gateway.port", gatewaySettings.host(), gatewaySettings.port());
        int adminPort = observability.serve(vertx, settings, teardown);
        EventLoops loops = new EventLoops(eventLoopCount(settings));
        teardown.add(loops);
        TraceParts traces = TraceParts.start(settings, observability, teardown);
        Gateway gateway;
        try {
            gateway = new Gateway(
                    gatewaySettings,
                    loops,
                    brokers,
                    verifier,
                    new Revocations(InstantSource.system()),
                    EdgeParts.proxies(settings),
                    tls,
                    observability.metrics(),
                    observability.health(),
                    traces.spans());
        } catch (BindException e) {
            throw Ports.taken("gateway.port", gatewaySettings.port(), e);
        }
        traces.open().accept(gateway.node());
        if (tls != null) {
            tls.bindTo(observability.metrics());
        }
        // Closed before the event loops it lives on, also when the start goes no further.
        teardown.add(gateway.broker());
        observability.watch(gateway.broker());
        observability.opened();
        log.info("gateway on port {}, admin port {}", gateway.port(), adminPort);
        return gateway;
    }

    private static int eventLoopCount(Settings settings) {
        int set = settings.number("gateway.event-loops", 0, 1_024);
        return set == 0 ? Runtime.getRuntime().availableProcessors() : set;
    }

    static GatewaySettings gatewaySettings(Settings settings) {
        return new GatewaySettings(
                settings.text("gateway.host"),
                settings.number("gateway.port", 0, 65_535),
                Set.copyOf(settings.list("gateway.origins")),
                settings.isOn("gateway.compression"),
                settings.text("gateway.redis.plain-channel"),
                OutboxRules.parse(settings.list("gateway.outbox.rules")),
                new GatewaySettings.Timing(
                        settings.duration("gateway.handshake.timeout"),
                        settings.duration("gateway.ping.interval"),
                        settings.duration("gateway.ping.timeout"),
                        settings.duration("gateway.close.timeout"),
                        Duration.ofSeconds(settings.number("gateway.drain.seconds", 0, 86_400)),
                        settings.duration("gateway.topic.linger"),
                        settings.duration("gateway.connection.max-age"),
                        settings.duration("gateway.history.check")),
                new GatewaySettings.Limits(
                        settings.number("gateway.max-connections"),
                        settings.number("gateway.max-message-bytes"),
                        settings.number("gateway.outbox.max-bytes"),
                        settings.number("gateway.outbox.max-frames"),
                        settings.bigNumber("gateway.memory.max-bytes", 1_048_576, Long.MAX_VALUE),
                        settings.bigNumber("gateway.inbox.max-bytes", 1_024, Long.MAX_VALUE),
                        settings.number("gateway.pong-backlog.max-bytes")),
                new GatewaySettings.Edge(
                        settings.isOn("gateway.proxy-protocol"),
                        settings.number("gateway.handshake.max-header-bytes"),
                        settings.number("gateway.max-connections-per-address"),
                        settings.number("gateway.max-connections-per-source"),
                        settings.number("gateway.handshake.rate.per-second"),
                        settings.number("gateway.handshake.rate.burst")));
    }
}
