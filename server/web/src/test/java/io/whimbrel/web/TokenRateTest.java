package io.whimbrel.web;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.Authenticator.Decision;
import io.whimbrel.ops.TrustedProxies;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenRateTest {
    private final RunningWeb web = new RunningWeb();
    private final AtomicLong nanos = new AtomicLong();

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void fastSourceIsToldWhenToComeBack() throws Exception {
        start(1, 2);

        assertThat(ask()).isEqualTo(200);
        assertThat(ask()).isEqualTo(200);
        HttpResponse<String> tooFast = web.get("/token");
        nanos.addAndGet(SECONDS.toNanos(1));

        assertThat(tooFast.statusCode()).isEqualTo(429);
        assertThat(tooFast.headers().firstValue("Retry-After")).contains("1");
        assertThat(tooFast.body()).contains("urn:whimbrel:problem:rate-limited", "This comes faster than allowed");
        assertThat(ask()).isEqualTo(200);
        assertThat(web.count("whimbrel.web.token.rate.limited")).isEqualTo(1);
        assertThat(web.metrics.get("whimbrel.web.token.sources").gauge().value())
                .isEqualTo(1);
    }

    @Test
    void guessesOfAPasswordCountToo() throws Exception {
        web.authenticator = _ -> CompletableFuture.completedFuture(new Decision.Denied("Basic"));
        start(1, 2);

        assertThat(List.of(ask(), ask(), ask())).containsExactly(401, 401, 429);
    }

    @Test
    void thereIsNoLimitUnlessItIsSet() throws Exception {
        web.nanos = nanos;
        web.start();

        for (int i = 0; i < 50; i++) {
            assertThat(ask()).isEqualTo(200);
        }
    }

    @Test
    void whatAnybodyClaimsToBeDoesNotMatter() throws Exception {
        start(1, 1);

        assertThat(ask("203.0.113.1")).isEqualTo(200);
        assertThat(ask("203.0.113.2")).isEqualTo(429);
    }

    @Test
    void trustedProxySpeaksForItsClients() throws Exception {
        web.proxies = TrustedProxies.of(List.of("127.0.0.0/8"));
        start(1, 1);

        assertThat(ask("203.0.113.1")).isEqualTo(200);
        assertThat(ask("203.0.113.2")).isEqualTo(200);
        assertThat(ask("6.6.6.6, 203.0.113.2")).as("with a made-up beginning").isEqualTo(429);
        assertThat(ask("2001:db8::1")).isEqualTo(200);
        assertThat(ask("2001:db8::2")).as("of the same network").isEqualTo(429);
        assertThat(ask("nonsense")).as("the proxy itself").isEqualTo(200);
        assertThat(ask()).isEqualTo(429);
    }

    private void start(int perSecond, int burst) throws Exception {
        web.nanos = nanos;
        web.draft.tokenRatePerSecond = perSecond;
        web.draft.tokenRateBurst = burst;
        web.start();
    }

    private int ask() throws Exception {
        return web.get("/token").statusCode();
    }

    private int ask(String forwardedFor) throws Exception {
        return web.get("/token", "X-Forwarded-For", forwardedFor).statusCode();
    }
}
