package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PageEndpointTest {
    private final RunningWeb web = new RunningWeb();

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void pageComesWithItsPolicyAndTheGatewaysPort() throws Exception {
        web.start();

        HttpResponse<String> page = web.get("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("content=\"7071\"").doesNotContain("{{");
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .contains("default-src 'self'; connect-src *; base-uri 'none'; frame-ancestors 'none';"
                        + " form-action 'self'");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(page.headers().firstValue("Referrer-Policy")).contains("no-referrer");
        assertThat(page.headers().firstValue("Cache-Control")).contains("no-cache");
    }

    @Test
    void gatewaysUrlIsEscaped() throws Exception {
        web.draft.gatewayUrl = "wss://gateway.example/ws?a='1'&b=2";
        web.start();

        assertThat(web.get("/").body()).contains("content=\"wss://gateway.example/ws?a=&#39;1&#39;&amp;b=2\"");
    }

    @Test
    void pageIsNotSentTwice() throws Exception {
        web.start();
        String tag = web.get("/").headers().firstValue("ETag").orElseThrow();

        for (String known : List.of(tag, "W/" + tag, "\"x\", " + tag, "*")) {
            HttpResponse<String> answer = web.get("/", "If-None-Match", known);

            assertThat(answer.statusCode()).isEqualTo(304);
            assertThat(answer.body()).isEmpty();
            assertThat(answer.headers().firstValue("ETag")).contains(tag);
        }
        assertThat(web.get("/", "If-None-Match", "\"x\"").statusCode()).isEqualTo(200);
    }

    @Test
    void filesHaveTheirTypesAndNothingElseIsServed() throws Exception {
        web.start();

        HttpResponse<String> script = web.get("/page.js");

        assertThat(script.statusCode()).isEqualTo(200);
        assertThat(script.headers().firstValue("Content-Type")).contains("text/javascript; charset=utf-8");
        for (String path : List.of("/page.css", "/index.html", "/../page.js", "//page.js", "/PAGE.JS", "/page.js/")) {
            assertThat(web.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                    .as(path)
                    .startsWith("HTTP/1.1 404 ");
        }
    }

    @Test
    void headHasTheLengthButNoBody() throws Exception {
        web.start();
        int length = web.get("/").body().length();

        HttpResponse<String> head = web.send(web.request("/").method("HEAD", HttpRequest.BodyPublishers.noBody()));

        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(length);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void serverDoesNotStartWithoutItsPage() {
        Routes routes = new Routes(new Cors(List.of("*")));

        assertThatThrownBy(() -> PageEndpoint.addTo(routes, "io/whimbrel/nowhere/", "7071"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("io/whimbrel/nowhere/index.html");
    }

    @Test
    void keysAreServed() throws Exception {
        web.start();

        HttpResponse<String> keys = web.get("/.well-known/jwks.json");

        assertThat(keys.body()).isEqualTo("{\"keys\":[]}");
        assertThat(keys.headers().firstValue("Content-Type")).contains("application/jwk-set+json");
    }
}
