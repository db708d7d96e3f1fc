package io.whimbrel.gateway;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.whimbrel.model.Position;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a client's opening handshake (RFC 6455 §4.2.1), strictly. Pure functions. */
final class UpgradeRequest {
    /** What the request asks for, or what to answer instead. */
    sealed interface Reading {
        /**
         * A handshake to answer with 101.
         *
         * @param token empty where the client brought none
         * @param subprotocol the one to select, or an empty text
         * @param extensions the ones to select, or an empty text
         * @param since where the client stands in the topic of its address; null where it does not say so
         * @param acks whether the client says what it has
         */
        record Accepted(
                String key,
                Optional<String> token,
                String subprotocol,
                String extensions,
                @Nullable Position since,
                boolean acks)
                implements Reading {}

        /**
         * No handshake.
         *
         * @param extraHeaders whole lines, each with its line end
         */
        record Refused(int status, String reason, String extraHeaders) implements Reading {
            Refused(int status, String reason) {
                this(status, reason, "");
            }
        }
    }

    static final String SUBPROTOCOL = "whimbrel";
    static final String BEARER_SUBPROTOCOL = "whimbrel.bearer.";

    private static final String BEARER = "Bearer ";
    private static final String UPGRADE_HEADERS = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    private static final int KEY_BYTES = 16;
    private static final Pattern OFFSET = Pattern.compile("[0-9]{1,15}");

    private UpgradeRequest() {}

    static Reading read(HttpRequest request, Set<String> origins, boolean compression) {
        if (request.decoderResult().isFailure()) {
            return undecodable(request.decoderResult().cause());
        }
        HttpHeaders headers = request.headers();
        if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            return new Reading.Refused(400, "HTTP/1.1 is needed");
        }
        if (headers.getAll(HttpHeaderNames.HOST).size() != 1
                || headers.get(HttpHeaderNames.HOST).isBlank()) {
            return new Reading.Refused(400, "one Host header is needed");
        }
        if (!request.method().equals(HttpMethod.GET)) {
            return new Reading.Refused(405, "a WebSocket is opened with GET", "Allow: GET\r\n");
        }
        if (headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
                || !headers.get(HttpHeaderNames.CONTENT_LENGTH, "0").strip().equals("0")) {
            return new Reading.Refused(400, "a handshake has no body");
        }
        if (!headers.containsValue(HttpHeaderNames.CONNECTION, "upgrade", true)
                || !headers.containsValue(HttpHeaderNames.UPGRADE, "websocket", true)) {
            return new Reading.Refused(426, "this port speaks WebSocket only", UPGRADE_HEADERS);
        }
        if (!headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_VERSION).equals(List.of("13"))) {
            return new Reading.Refused(426, "WebSocket version 13 is needed", UPGRADE_HEADERS);
        }
        List<String> keys = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        if (keys.size() != 1 || !isKey(keys.getFirst().strip())) {
            return new Reading.Refused(400, "one Sec-WebSocket-Key of 16 bytes in Base64 is needed");
        }
        String origin = headers.get(HttpHeaderNames.ORIGIN, "");
        if (!origins.isEmpty() && !origin.isEmpty() && !origins.contains(origin)) {
            return new Reading.Refused(403, "pages of this origin may not connect");
        }
        return accept(request, keys.getFirst().strip(), compression);
    }

    private static Reading accept(HttpRequest request, String key, boolean compression) {
        HttpHeaders headers = request.headers();
        List<String> offered = subprotocols(headers);
        List<String> bearers = offered.stream()
                .filter(name -> name.startsWith(BEARER_SUBPROTOCOL))
                .toList();
        boolean whimbrel = offered.contains(SUBPROTOCOL);
        if (bearers.size() > 1 || (bearers.size() == 1 && !whimbrel)) {
            // The token may not be echoed, and a browser fails a connection for which none of its offers is selected.
            return new Reading.Refused(400, "offer the subprotocol whimbrel and one whimbrel.bearer.<token>");
        }
        Map<String, List<String>> query = query(request);
        Optional<String> token = bearers.isEmpty()
                ? token(headers, query)
                : Optional.of(bearers.getFirst().substring(BEARER_SUBPROTOCOL.length()));
        Position since = null;
        if (query.containsKey("offset") || query.containsKey("epoch")) {
            since = position(query);
            if (since == null) {
                return new Reading.Refused(400, "give offset, a whole number, and epoch, both as a message had them");
            }
        }
        return new Reading.Accepted(
                key,
                token.filter(text -> !text.isEmpty()),
                whimbrel ? SUBPROTOCOL : "",
                compression ? Deflation.negotiate(headers) : "",
                since,
                only(query, "acks").equals("1"));
    }

    private static Map<String, List<String>> query(HttpRequest request) {
        try {
            return new QueryStringDecoder(request.uri()).parameters();
        } catch (IllegalArgumentException _) {
            // Percent signs that encode nothing: whatever that was, it was no token.
            return Map.of("token", List.of("%"));
        }
    }

    private static Optional<String> token(HttpHeaders headers, Map<String, List<String>> query) {
        String authorization = headers.get(HttpHeaderNames.AUTHORIZATION, "");
        if (authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return Optional.of(authorization.substring(BEARER.length()).strip());
        }
        return query.getOrDefault("token", List.of()).stream().findFirst();
    }

    /** Null where the two are not what a client can have been told. */
    private static @Nullable Position position(Map<String, List<String>> query) {
        String offset = only(query, "offset");
        String epoch = only(query, "epoch");
        return OFFSET.matcher(offset).matches() && Position.isEpoch(epoch)
                ? new Position(epoch, Long.parseLong(offset))
                : null;
    }

    private static String only(Map<String, List<String>> query, String name) {
        List<String> given = query.getOrDefault(name, List.of());
        return given.size() == 1 ? given.getFirst() : "";
    }

    private static List<String> subprotocols(HttpHeaders headers) {
        List<String> names = new ArrayList<>();
        for (String header : headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)) {
            for (String name : header.split(",", -1)) {
                names.add(name.strip());
            }
        }
        return names;
    }

    private static boolean isKey(String key) {
        try {
            return Base64.getDecoder().decode(key).length == KEY_BYTES;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private static Reading undecodable(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ -> new Reading.Refused(414, "the address is too long");
            case TooLongHttpHeaderException _ -> new Reading.Refused(431, "the headers are too large");
            case TooLongFrameException _ -> new Reading.Refused(431, "the request is too large");
            default -> new Reading.Refused(400, "this is not an HTTP request");
        };
    }
}
