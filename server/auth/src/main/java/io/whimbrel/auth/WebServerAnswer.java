package io.whimbrel.auth;

import com.nimbusds.jose.util.JSONObjectUtils;
import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Topic;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a web server says about a token: ours {@code {"auth":true,"uuid":…,"expires_at":…,"issued_at":…,"topics":[…]}}, the
 * original system's {@code {"auth":true}}, and {@code {"auth":false}} with or without {@code "expired":true} or {@code "revoked":true}. Whatever it says otherwise is
 * neither yes nor no.
 */
final class WebServerAnswer {
    private WebServerAnswer() {}

    static TokenVerdict read(String token, TopicsClaim topics, HttpResponse<byte[]> response) {
        if (response.statusCode() != 200) {
            return new TokenVerdict.Unavailable("the web server answered with status " + response.statusCode());
        }
        try {
            return read(token, topics, JSONObjectUtils.parse(utf8(response.body())));
        } catch (ParseException | CharacterCodingException _) {
            return notUnderstood();
        }
    }

    private static TokenVerdict read(String token, TopicsClaim topics, Map<String, Object> answer) {
        Object auth = answer.get("auth");
        if (Boolean.FALSE.equals(auth)) {
            return no(answer);
        }
        Optional<Address> address = addressIn(token, answer);
        Object end = answer.get("expires_at");
        Object since = answer.get("issued_at");
        if (!Boolean.TRUE.equals(auth) || address.isEmpty() || !isTime(end) || !isTime(since)) {
            return notUnderstood();
        }
        Optional<List<Topic>> named = topics.read(answer.get(TopicsClaim.NAME));
        if (named.isEmpty()) {
            return new TokenVerdict.Unavailable("the web server named topics that are none, or too many");
        }
        long expiresAtSeconds = end instanceof Number seconds ? seconds.longValue() : TokenVerdict.Valid.NEVER;
        long sinceSeconds = since instanceof Number seconds ? seconds.longValue() : Revocation.UNKNOWN;
        return new TokenVerdict.Valid(
                address.get(), expiresAtSeconds, named.get(), sinceSeconds, Fingerprint.of(token));
    }

    private static TokenVerdict no(Map<String, Object> answer) {
        if (Boolean.TRUE.equals(answer.get("revoked"))) {
            return new TokenVerdict.Revoked();
        }
        return Boolean.TRUE.equals(answer.get("expired")) ? new TokenVerdict.Expired() : new TokenVerdict.Invalid();
    }

    private static boolean isTime(@Nullable Object member) {
        return member == null || member instanceof Number;
    }

    private static Optional<Address> addressIn(String token, Map<String, Object> answer) {
        return switch (answer.get("uuid")) {
            case null -> Optional.of(Addresses.ofForeignToken(token));
            case String uuid -> Address.parse(uuid);
            default -> Optional.empty();
        };
    }

    private static String utf8(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private static TokenVerdict notUnderstood() {
        return new TokenVerdict.Unavailable("the web server's answer was not understood");
    }
}
