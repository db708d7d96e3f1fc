package io.whimbrel.load;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

/** Where a server is, as its URL says. */
public record Endpoint(String host, int port, String path, boolean tls) {
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /** Reads {@code http://host:port} or {@code https://…}. */
    public static Endpoint web(String url) {
        return of(url, "http", "https");
    }

    /** Reads {@code ws://host:port/path} or {@code wss://…}. */
    public static Endpoint gateway(String url) {
        return of(url, "ws", "wss");
    }

    /** Reads those, with commas between them. */
    public static List<Endpoint> gateways(String urls) {
        return Texts.list(urls).stream().map(Endpoint::gateway).toList();
    }

    private static Endpoint of(String url, String plain, String secure) {
        try {
            URI uri = new URI(url.strip());
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            boolean tls = scheme.equals(secure);
            String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
            if ((tls || scheme.equals(plain)) && uri.getHost() != null && uri.getRawUserInfo() == null) {
                int usual = tls ? HTTPS_PORT : HTTP_PORT;
                String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
                return new Endpoint(uri.getHost(), uri.getPort() < 0 ? usual : uri.getPort(), path + query, tls);
            }
        } catch (URISyntaxException _) {
            // is told below, as everything else that is no such URL
        }
        throw new IllegalArgumentException("\"%s\" is no URL such as %s://host:port".formatted(url, plain));
    }

    InetSocketAddress resolve() {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new BenchException("The name %s is not known here: correct the URL".formatted(host));
        }
        return address;
    }

    /** For the header Host and for people. */
    String authority() {
        return host + ":" + port;
    }
}
