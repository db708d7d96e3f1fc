package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One file of the page, read once at the start and held in memory. Which files there are is a fixed list: no request
 * ever names one. Safe for any thread.
 */
final class PageEndpoint implements Endpoint {
    /** Where the browser module packs its files. */
    static final String FOLDER = "io/whimbrel/browser/";

    private static final String GATEWAY_PLACEHOLDER = "{{gateway}}";
    private static final String NO_CACHE = "no-cache"; // kept, but asked for each time: a new version is seen at once
    private static final String SECURITY_POLICY =
            "default-src 'self'; connect-src *; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    private final String mediaType;
    private final byte[] content;
    private final String entityTag;

    private PageEndpoint(String mediaType, byte[] content) {
        this.mediaType = mediaType;
        this.content = content;
        this.entityTag = '"' + HexFormat.of().formatHex(sha256(content), 0, 16) + '"';
    }

    /**
     * Adds the page's files to the routes. All but the page itself may be missing.
     *
     * @param folder on the class path, ending in a slash
     * @param gateway what the page connects to: a URL, or a port of the page's own host
     * @throws IllegalStateException where there is no page
     */
    static void addTo(Routes routes, String folder, String gateway) {
        String page = new String(
                read(folder, "index.html")
                        .orElseThrow(() -> new IllegalStateException(
                                "The class path has no %sindex.html: add the browser module".formatted(folder))),
                UTF_8);
        byte[] filled = page.replace(GATEWAY_PLACEHOLDER, attribute(gateway)).getBytes(UTF_8);
        routes.get("/", new PageEndpoint("text/html; charset=utf-8", filled));
        add(routes, folder, "page.css", "text/css; charset=utf-8");
        add(routes, folder, "page.js", "text/javascript; charset=utf-8");
        add(routes, folder, "client.js", "text/javascript; charset=utf-8");
        add(routes, folder, "client.d.ts", "text/plain; charset=utf-8");
        add(routes, folder, "favicon.svg", "image/svg+xml");
    }

    @Override
    public void serve(Exchange exchange) {
        exchange.response()
                .putHeader(HttpHeaders.ETAG, entityTag)
                .putHeader(HttpHeaders.CACHE_CONTROL, NO_CACHE)
                .putHeader("Content-Security-Policy", SECURITY_POLICY)
                .putHeader("Referrer-Policy", "no-referrer");
        if (isKnown(exchange.header(HttpHeaders.IF_NONE_MATCH))) {
            exchange.answerEmpty(304);
        } else {
            exchange.answer(200, mediaType, Buffer.buffer(content));
        }
    }

    /** Weak comparison, as RFC 9110 §13.1.2 asks for. */
    private boolean isKnown(@Nullable String ifNoneMatch) {
        if (ifNoneMatch == null) {
            return false;
        }
        for (String candidate : ifNoneMatch.split(",", -1)) {
            String tag = candidate.trim();
            String strong = tag.startsWith("W/") ? tag.substring(2) : tag;
            if (strong.equals(entityTag) || strong.equals("*")) {
                return true;
            }
        }
        return false;
    }

    private static void add(Routes routes, String folder, String name, String mediaType) {
        read(folder, name).ifPresent(content -> routes.get('/' + name, new PageEndpoint(mediaType, content)));
    }

    private static Optional<byte[]> read(String folder, String name) {
        try (InputStream file = PageEndpoint.class.getClassLoader().getResourceAsStream(folder + name)) {
            return file == null ? Optional.empty() : Optional.of(file.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read %s%s from the class path".formatted(folder, name), e);
        }
    }

    /** As text inside a quoted attribute of HTML. */
    private static String attribute(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
