package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class WebSettingsTest {
    @Test
    void defaultsAreThoseOfTheDocumentation() {
        WebSettings settings = WebSettings.draft().settled();

        assertThat(settings.port()).isEqualTo(5000);
        assertThat(settings.corsOrigins()).containsExactly("*");
        assertThat(settings.ratePerSecond()).isEqualTo(50);
        assertThat(settings.rateBurst()).isEqualTo(100);
        assertThat(settings.maxBodyBytes()).isEqualTo(65_536);
        assertThat(settings.idempotencyTime()).isEqualTo(Duration.ofMinutes(5));
        assertThat(settings.publishTimeout()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void wrongValuesAreNamedWithSettingValueAndRange() {
        assertRefused(d -> d.port = 65_536, "web.port is \"65536\", but must be 0 to 65535");
        assertRefused(d -> d.port = -1, "web.port is \"-1\"");
        assertRefused(d -> d.host = " ", "web.host");
        assertRefused(d -> d.ratePerSecond = 0, "web.rate.per-second is \"0\", but must be 1 to 1000000");
        assertRefused(d -> d.rateBurst = 0, "web.rate.burst is \"0\"");
        assertRefused(d -> d.tokenRatePerSecond = -1, "web.token.rate.per-second is \"-1\", but must be 0 to 1000000");
        assertRefused(d -> d.tokenRateBurst = 0, "web.token.rate.burst is \"0\"");
        assertRefused(d -> d.maxBodyBytes = 0, "web.max-body-bytes is \"0\"");
        assertRefused(d -> d.corsOrigins = List.of(), "web.cors.origins");
        assertRefused(d -> d.corsOrigins = List.of("*", "https://a.example"), "web.cors.origins is \"*\"");
        assertRefused(d -> d.corsOrigins = List.of("https://a.example/"), "web.cors.origins");
        assertRefused(d -> d.corsOrigins = List.of("example.org"), "web.cors.origins");
        assertRefused(d -> d.gatewayUrl = "http://a.example", "web.gateway.url is \"http://a.example\"");
        assertRefused(d -> d.gatewayUrl = "ws://", "web.gateway.url");
        assertRefused(d -> d.idempotencyTime = Duration.ofMillis(999), "web.idempotency.time");
        assertRefused(d -> d.idempotencyTime = Duration.ofDays(2), "web.idempotency.time");
        assertRefused(d -> d.publishTimeout = Duration.ZERO, "web.publish.timeout");
        assertRefused(d -> d.idleTimeout = Duration.ofDays(1), "web.idle.timeout");
        assertRefused(d -> d.drainTimeout = Duration.ofSeconds(-1), "web.drain.timeout");
        assertRefused(d -> d.maxConnections = 0, "web.max-connections");
    }

    @Test
    void rightValuesPass() {
        WebSettings.Draft draft = WebSettings.draft();
        draft.corsOrigins = List.of("https://a.example", "http://localhost:3000", "http://[::1]:80");
        draft.gatewayUrl = "wss://gateway.example/ws?x=1";
        draft.drainTimeout = Duration.ZERO;

        assertThat(draft.settled().corsOrigins()).hasSize(3);
    }

    @Test
    void apiKeysAreNeverShown() {
        WebSettings.Draft draft = WebSettings.draft();
        draft.apiKeys = List.of("geheim");

        assertThat(draft.settled().toString()).doesNotContain("geheim");
        assertRefused(d -> d.apiKeys = List.of(""), "web.api-keys");
        assertThatThrownBy(() -> {
                    draft.apiKeys = List.of("geheim mit Leerzeichen");
                    draft.settled();
                })
                .hasMessageContaining("web.api-keys")
                .hasMessageNotContaining("geheim");
    }

    private static void assertRefused(Consumer<WebSettings.Draft> change, String sentence) {
        WebSettings.Draft draft = WebSettings.draft();
        change.accept(draft);

        assertThatThrownBy(draft::settled)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(sentence);
    }
}
