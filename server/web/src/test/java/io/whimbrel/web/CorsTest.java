package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CorsTest {
    private static final String PAGE = "https://page.example";

    private final RunningWeb web = new RunningWeb();

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void anyPageMayReadByDefaultAlsoWhatWentWrong() throws Exception {
        web.start();

        for (HttpResponse<String> answer : List.of(
                web.get("/token", "Origin", PAGE),
                web.get("/nowhere", "Origin", PAGE),
                web.get("/publish", "Origin", PAGE),
                web.publish("x", "Origin", PAGE),
                web.publish(web.fine("\"" + "x".repeat(70_000) + "\""), "Origin", PAGE))) {
            assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
                    .contains("*");
            assertThat(answer.headers().firstValue("Access-Control-Expose-Headers"))
                    .contains("Retry-After, Idempotency-Replayed");
        }
    }

    @Test
    void preflightAllowsWhatClientsSend() throws Exception {
        web.start();

        for (String path : new String[] {"/publish", "/token", "/nowhere"}) {
            HttpResponse<String> answer = preflight(path, PAGE);

            assertThat(answer.statusCode()).isEqualTo(204);
            assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
                    .contains("*");
            assertThat(answer.headers().firstValue("Access-Control-Allow-Headers"))
                    .contains("Content-Type, Authorization, X-API-Key, Idempotency-Key, traceparent");
            assertThat(answer.headers().firstValue("Access-Control-Allow-Methods"))
                    .contains("GET, POST, OPTIONS");
            assertThat(answer.headers().firstValue("Access-Control-Max-Age")).contains("86400");
        }
    }

    @Test
    void listOfOriginsAdmitsNoOthers() throws Exception {
        web.draft.corsOrigins = List.of("https://other.example", PAGE);
        web.start();

        HttpResponse<String> listed = web.get("/token", "Origin", PAGE);
        HttpResponse<String> stranger = web.get("/token", "Origin", "https://page.example.evil.example");
        HttpResponse<String> noPage = web.get("/token");
        HttpResponse<String> preflight = preflight("/publish", "https://evil.example");

        assertThat(listed.headers().firstValue("Access-Control-Allow-Origin")).contains(PAGE);
        for (HttpResponse<String> answer : List.of(stranger, noPage, preflight)) {
            assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
                    .isEmpty();
            assertThat(answer.headers().firstValue("Vary")).contains("origin");
        }
        assertThat(listed.headers().firstValue("Vary")).contains("origin");
    }

    private HttpResponse<String> preflight(String path, String origin) throws Exception {
        return web.send(web.request(path)
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "content-type"));
    }
}
