package io.whimbrel.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Takes spans by OTLP over HTTP and keeps them. */
final class Collector implements AutoCloseable {
    /** A span as its sender described it, with what it says of itself. */
    record Received(io.opentelemetry.proto.trace.v1.Span span, Map<String, Object> resource) {
        String traceId() {
            return HexFormat.of().formatHex(span.getTraceId().toByteArray());
        }

        String spanId() {
            return HexFormat.of().formatHex(span.getSpanId().toByteArray());
        }

        String parentId() {
            return HexFormat.of().formatHex(span.getParentSpanId().toByteArray());
        }

        Map<String, Object> attributes() {
            return map(span.getAttributesList());
        }
    }

    private final HttpServer server;
    private final List<Received> spans = new CopyOnWriteArrayList<>();
    final List<String> bodies = new CopyOnWriteArrayList<>();
    final List<String> keys = new CopyOnWriteArrayList<>();

    Collector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/traces", this::receive);
        server.start();
    }

    String endpoint() {
        return "http://127.0.0.1:%d/v1/traces".formatted(server.getAddress().getPort());
    }

    private void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        bodies.add(new String(body, ISO_8859_1));
        keys.add(exchange.getRequestHeaders().getFirst("x-key"));
        for (ResourceSpans service : ExportTraceServiceRequest.parseFrom(body).getResourceSpansList()) {
            Map<String, Object> resource = map(service.getResource().getAttributesList());
            for (ScopeSpans scope : service.getScopeSpansList()) {
                scope.getSpansList().forEach(span -> spans.add(new Received(span, resource)));
            }
        }
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    /** The only one of this name, once it is there. */
    Received awaitSpan(String name) {
        await().atMost(Part.DEADLINE).until(() -> !named(name).isEmpty());
        List<Received> found = named(name);
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " spans " + name);
        }
        return found.getFirst();
    }

    List<Received> named(String name) {
        return spans.stream().filter(it -> it.span().getName().equals(name)).toList();
    }

    private static Map<String, Object> map(List<KeyValue> attributes) {
        Map<String, Object> map = new HashMap<>();
        attributes.forEach(attribute -> map.put(attribute.getKey(), value(attribute.getValue())));
        return map;
    }

    private static Object value(AnyValue value) {
        return switch (value.getValueCase()) {
            case STRING_VALUE -> value.getStringValue();
            case INT_VALUE -> value.getIntValue();
            case BOOL_VALUE -> value.getBoolValue();
            default -> value.toString();
        };
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
