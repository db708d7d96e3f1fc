package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.RevocationNotices;
import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens that are taken back, over real sockets. */
class RevocationTest {
    private static final String REVOKED = "3507 revoked";
    private final long now = Instant.now().getEpochSecond();

    private final Address client = Address.random();
    private TestGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestGateway();
        for (int i = 1; i <= 3; i++) {
            gateway.verifier.answer("token-" + i, token(i, now + i));
        }
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void sessionsOfARevokedTokenAreClosedAndOthersStay() throws IOException {
        Address other = gateway.verifier.newClient();
        try (RawClient one = RawClient.open(gateway.port(), "token-1");
                RawClient oneAgain = RawClient.open(gateway.port(), "token-1");
                RawClient two = RawClient.open(gateway.port(), "token-2");
                RawClient stranger = gateway.open(other)) {
            post(new OfToken(client, 1, now + 100));

            assertThat(one.readMessage().closing()).isEqualTo(REVOKED);
            assertThat(oneAgain.readMessage().closing()).isEqualTo(REVOKED);
            gateway.publish(client, "\"still here\"");
            gateway.publish(other, "\"me too\"");
            assertThat(two.readMessage().text()).contains("still here");
            assertThat(stranger.readMessage().text()).contains("me too");
            assertThat(gateway.metric("whimbrel.gateway.closes", "reason", "revoked"))
                    .isEqualTo(2);
            assertThat(gateway.metric("whimbrel.gateway.revocations")).isEqualTo(1);
        }
    }

    @Test
    void allSessionsOfARevokedAddressAreClosedButThoseWhoCameLater() throws IOException {
        try (RawClient one = RawClient.open(gateway.port(), "token-1");
                RawClient two = RawClient.open(gateway.port(), "token-2");
                RawClient later = RawClient.open(gateway.port(), "token-3")) {
            post(new OfAddress(client, now + 2, now + 100));

            assertThat(one.readMessage().closing()).isEqualTo(REVOKED);
            assertThat(two.readMessage().closing()).isEqualTo(REVOKED);
            gateway.publish(client, "\"still here\"");
            assertThat(later.readMessage().text()).contains("still here");
        }
    }

    @Test
    void aRevokedTokenIsRefused() throws IOException {
        post(new OfToken(client, 1, now + 100));

        try (RawClient one = RawClient.open(gateway.port(), "token-1")) {
            assertThat(one.readMessage().closing()).isEqualTo(REVOKED);
        }
    }

    /** What came for it meanwhile is not for whoever has that token. */
    @Test
    void aRevocationHeardWhileTheClientComesInIsHeeded() throws IOException {
        CompletableFuture<Void> subscribing = gateway.broker.holdSubscriptions();
        try (RawClient raw = new RawClient(gateway.port())) {
            raw.send(RawClient.upgrade("/ws?token=token-1").getBytes(ISO_8859_1));
            await().until(() -> !gateway.broker.topics().isEmpty()); // its token was verified

            gateway.publish(client, "\"not for it\"");
            post(new OfToken(client, 1, now + 100));
            subscribing.complete(null);

            assertThat(raw.readHead()).startsWith("HTTP/1.1 101 ");
            assertThat(raw.readMessage().closing()).isEqualTo(REVOKED);
        }
    }

    @Test
    void nobodyComesInBeforeRevocationsAreKnown() throws IOException {
        try (TestGateway blind = new TestGateway(new FakeNotices(new CompletableFuture<>()))) {
            Address known = blind.verifier.newClient();

            try (RawClient raw = blind.open(known)) {
                assertThat(raw.readMessage().closing()).isEqualTo("3004 web server away, try again");
            }
            assertThat(blind.health.problems()).containsKey("revocations");
        }
    }

    private void post(Revocation revocation) {
        var _ = new RevocationNotices(gateway.broker.notices).post(revocation);
    }

    private TokenVerdict.Valid token(long fingerprint, long sinceSeconds) {
        return new TokenVerdict.Valid(client, now + 1_000, List.of(), sinceSeconds, fingerprint);
    }
}
