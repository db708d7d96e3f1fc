package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.TokenVerdict.Expired;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthEndpointTest {
    private final RunningWeb web = new RunningWeb();
    private final Address address = Address.random();

    @BeforeEach
    void start() throws Exception {
        web.start();
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void validTokenIsToldWithAddressAndEnd() throws Exception {
        HttpResponse<String> answer = web.get("/auth/" + web.tokenOf(address));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(answer.body())
                .isEqualTo("{\"auth\":true,\"uuid\":\"%s\",\"expires_at\":2000000000}".formatted(address));
        assertThat(web.count("whimbrel.web.auth", "outcome", "valid")).isEqualTo(1);
    }

    @Test
    void tokenWithoutEndHasNone() throws Exception {
        web.tokens.known("endless", new Valid(address, Valid.NEVER));

        assertThat(web.get("/auth/endless").body()).isEqualTo("{\"auth\":true,\"uuid\":\"%s\"}".formatted(address));
    }

    @Test
    void topicsAreToldWhereThereAreAny() throws Exception {
        List<Topic> topics = List.of(new Topic("news"), new Topic("\"a\\ é"));
        web.tokens.known("dated", new Valid(address, 2_000_000_000, topics));
        web.tokens.known("endless", new Valid(address, Valid.NEVER, topics));

        assertThat(web.get("/auth/dated").body())
                .isEqualTo(
                        "{\"auth\":true,\"uuid\":\"%s\",\"expires_at\":2000000000,\"topics\":[\"news\",\"\\\"a\\\\ é\"]}"
                                .formatted(address));
        assertThat(web.get("/auth/endless").body())
                .isEqualTo("{\"auth\":true,\"uuid\":\"%s\",\"topics\":[\"news\",\"\\\"a\\\\ é\"]}".formatted(address));
    }

    @Test
    void expiredTokenIsToldApart() throws Exception {
        web.tokens.known("old", new Expired());

        HttpResponse<String> answer = web.get("/auth/old");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"auth\":false,\"expired\":true}");
    }

    @Test
    void verdictsOfOtherThreadsAreAnsweredToo() throws Exception {
        web.tokens.later = true;

        assertThat(web.get("/auth/" + web.tokenOf(address)).body()).startsWith("{\"auth\":true");
        assertThat(web.get("/auth/x").body()).isEqualTo("{\"auth\":false}");
    }

    @Test
    void unknownAnswerIsNotANo() throws Exception {
        web.tokens.known("undecided", new Unavailable("away"));

        HttpResponse<String> answer = web.get("/auth/undecided");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
    }

    @Test
    void codedTokenIsDecoded() throws Exception {
        web.tokens.known("a b/c+d", new Valid(address, Valid.NEVER));

        assertThat(web.get("/auth/a%20b%2Fc+d").body()).startsWith("{\"auth\":true");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "%",
                "%zz",
                "%00",
                "%ff%fe",
                "%2F..%2F..%2Fetc%2Fpasswd",
                "../token",
                "../../publish",
                "a/b/c",
                "x?token=y",
                "x#y",
                "\u00e4\u00ff",
                "'\"<>\\^`{|}",
                "null",
            })
    void hostilePathIsSimplyNoToken(String path) throws Exception {
        String answer = web.raw("GET /auth/" + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n{\"auth\":false}");
    }

    @Test
    void hugePathIsAnsweredUpToTheLimitOfALine() throws Exception {
        String fits = web.raw("GET /auth/" + "x".repeat(8_000) + " HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n");
        String tooLong =
                web.raw("GET /auth/" + "x".repeat(9_000) + " HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n");

        assertThat(fits).startsWith("HTTP/1.1 200 OK\r\n").endsWith("{\"auth\":false}");
        assertThat(tooLong).startsWith("HTTP/1.0 400 ").contains("urn:whimbrel:problem:malformed-request");
    }
}
