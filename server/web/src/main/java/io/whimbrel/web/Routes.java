package io.whimbrel.web;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.whimbrel.model.ClientError;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the endpoint of a request by the path as it was sent. Paths are exact, but for one prefix; nothing is decoded or
 * normalized on the way, so that no spelling of a path reaches what another spelling would not. Read-only once served.
 */
final class Routes {
    private final Cors cors;
    private final Map<String, Route> exact = new HashMap<>();
    private final Map<String, Route> prefixes = new HashMap<>();

    Routes(Cors cors) {
        this.cors = cors;
    }

    void get(String path, Endpoint endpoint) {
        exact.put(path, new Route(HttpMethod.GET, "GET, HEAD, OPTIONS", endpoint));
    }

    /** All paths that begin so. */
    void getBelow(String prefix, Endpoint endpoint) {
        prefixes.put(prefix, new Route(HttpMethod.GET, "GET, HEAD, OPTIONS", endpoint));
    }

    void post(String path, Endpoint endpoint) {
        exact.put(path, new Route(HttpMethod.POST, "POST, OPTIONS", endpoint));
    }

    void serve(Exchange exchange) {
        HttpMethod method = exchange.method();
        Route route = find(exchange.path());
        if (method.equals(HttpMethod.OPTIONS)) {
            answerOptions(exchange, route);
        } else if (route == null) {
            throw new Refusal(Problem.of(ClientError.NOT_FOUND, "See the documentation for the paths of this server"));
        } else if (!route.takes(method)) {
            exchange.response().putHeader(HttpHeaders.ALLOW, route.allowed());
            throw new Refusal(Problem.of(ClientError.METHOD_NOT_ALLOWED, "Use one of " + route.allowed()));
        } else {
            route.endpoint().serve(exchange);
        }
    }

    private @Nullable Route find(String path) {
        Route route = exact.get(path);
        if (route != null) {
            return route;
        }
        for (Map.Entry<String, Route> entry : prefixes.entrySet()) {
            if (path.startsWith(entry.getKey())) {
                return entry.getValue();
            }
        }
        return null;
    }

    /** A preflight is granted for any path: the page is then able to read that the path does not exist. */
    private void answerOptions(Exchange exchange, @Nullable Route route) {
        if (exchange.header(HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD) != null) {
            cors.markPreflight(exchange.response());
        }
        exchange.response().putHeader(HttpHeaders.ALLOW, route == null ? "OPTIONS" : route.allowed());
        exchange.answerEmpty(204);
    }

    private record Route(HttpMethod method, String allowed, Endpoint endpoint) {
        boolean takes(HttpMethod asked) {
            return asked.equals(method) || (asked.equals(HttpMethod.HEAD) && method.equals(HttpMethod.GET));
        }
    }
}
