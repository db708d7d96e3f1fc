package io.whimbrel.launcher;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerCounters;
import io.whimbrel.ops.AdminServer;
import io.whimbrel.ops.Health;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Health and metrics of one service and the admin port that shows them.
 *
 * @param service {@code web} or {@code gateway}, the beginning of its settings' names
 */
record Observability(String service, Health health, PrometheusMeterRegistry metrics) {
    private static final String PORT_CHECK = "port";
    private static final long STOP_SECONDS = 2;

    static Observability of(String service) {
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new ClassLoaderMetrics().bindTo(metrics);
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        new FileDescriptorMetrics().bindTo(metrics);
        new UptimeMetrics().bindTo(metrics);
        return new Observability(service, new Health(), metrics);
    }

    void watch(Broker broker) {
        BrokerCounters counters = broker.counters();
        count("whimbrel.broker.published", "Publications sent to the broker", counters.published);
        count(
                "whimbrel.broker.publish.failures",
                "Publications the broker did not take in time",
                counters.publishFailures);
        count("whimbrel.broker.received", "Publications received from the broker", counters.received);
        count("whimbrel.broker.malformed", "Messages from the broker that could not be read", counters.malformed);
        count("whimbrel.broker.reconnects", "Connections to the broker that came back", counters.reconnects);
        count(
                "whimbrel.broker.subscriptions.moved",
                "Subscriptions that went to another node of a cluster",
                counters.moved);
        count(
                "whimbrel.broker.subscriptions.missing",
                "Subscriptions that the broker turned out not to have, and were made again",
                counters.subscriptionsMissing);
        count(
                "whimbrel.broker.probes.failed",
                "Times that the broker answered and did not deliver",
                counters.probeFailures);
        Gauge.builder("whimbrel.broker.flowing", broker, it -> it.notReady().isEmpty() ? 1 : 0)
                .description("Whether messages flow through the broker, all of it")
                .register(metrics);
        Gauge.builder("whimbrel.broker.probe.seconds", counters, it -> it.takeSlowestProbeNanos() / 1e9)
                .description("How long the slowest probe since the last look was under way")
                .register(metrics);
        count("whimbrel.broker.notices.refused", "Notices beyond the limit of the broker", counters.noticesRefused);
        count("whimbrel.broker.hops.written", "Hops of traced publications written down", counters.hopsWritten);
        count("whimbrel.broker.hops.dropped", "Hops that were not, since the broker was away", counters.hopsDropped);
    }

    private void count(String name, String description, LongAdder adder) {
        FunctionCounter.builder(name, adder, LongAdder::sum)
                .description(description)
                .register(metrics);
    }

    /** Opens the admin port; answers it. The service is not ready before {@link #opened}. */
    int serve(Vertx vertx, Settings settings, Teardown teardown) {
        String host = settings.text(service + ".admin.host");
        String portSetting = service + ".admin.port";
        int port = settings.number(portSetting, 0, 65_535);
        Ports.requireFree(portSetting, host, port);
        health.check(PORT_CHECK, () -> Optional.of("starting"));
        AdminServer admin = Waiting.forStart(AdminServer.start(vertx, host, port, health, metrics), portSetting, port);
        teardown.add(metrics::close);
        teardown.add(() -> Waiting.atMost(STOP_SECONDS, TimeUnit.SECONDS, admin.stop()));
        return admin.port();
    }

    /** The service's own port is open. */
    void opened() {
        health.check(PORT_CHECK, Optional::empty);
    }
}
