package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.TokenVerdict.Revoked;
import io.whimbrel.auth.TokenVerdict.Unavailable;
import io.whimbrel.auth.TokenVerdict.Valid;
import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The rule: a revocation of an address concerns whoever was trusted up to the end of its second. */
class RevocationsTest {
    private static final KeySource.SigningKey KEY = TestKeys.shared(TestKeys.SECRET);

    private final FakeClock clock = new FakeClock();
    private final Address address = Address.random();
    private final Revocations revocations = new Revocations(clock);
    private final SignedTokens issuer = new SignedTokens(TokenSettings.withDefaults(KEY), revocations, clock);

    @Test
    void nobodyIsTrustedBeforeTheListWasRead() {
        String token = issuer.issue(address).token();

        assertThat(verdictOf(token)).isInstanceOf(Unavailable.class);
        revocations.complete();
        assertThat(verdictOf(token)).isInstanceOf(Valid.class);
        assertThat(verdictOf("rubbish")).isEqualTo(new TokenVerdict.Invalid());
    }

    @Test
    void ofTwoTokensOfAnAddressTheOtherStays() {
        revocations.complete();
        String one = issuer.issue(address).token();
        String other = issuer.issue(address).token();

        revocations.add(ofToken(one));

        assertThat(verdictOf(one)).isEqualTo(new Revoked());
        assertThat(verdictOf(other)).isInstanceOf(Valid.class);
    }

    @Test
    void anotherSpellingOfARevokedTokenIsRevokedToo() {
        revocations.complete();
        String token = issuer.issue(address).token();
        revocations.add(ofToken(token));
        char last = token.charAt(token.length() - 1);
        List<String> spellings = new ArrayList<>();

        try (LocalVerifier unguarded = new LocalVerifier(KEY, clock)) {
            for (char c : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".toCharArray()) {
                String spelling = token.substring(0, token.length() - 1) + c;
                if (c != last && Answers.of(unguarded.verify(spelling)) instanceof Valid) {
                    spellings.add(spelling);
                }
            }
        }

        assertThat(spellings)
                .isNotEmpty()
                .allSatisfy(it -> assertThat(verdictOf(it)).isEqualTo(new Revoked()));
    }

    @Test
    void whoComesAfterTheRevocationInTheSameSecondIsTrusted() {
        revocations.complete();
        String before = issuer.issue(address).token();

        revocations.add(ofAddress());
        String after = issuer.issue(address).token();

        assertThat(verdictOf(before)).isEqualTo(new Revoked());
        assertThat(verdictOf(after)).isInstanceOf(Valid.class);
        assertThat(verdictOf(issuer.renew((Valid) verdictOf(after)).token())).isInstanceOf(Valid.class);
    }

    @Test
    void aTokenRenewedByWhoHeardOfNoRevocationIsRevokedWithTheOneItCameFrom() {
        revocations.complete();
        Valid old = (Valid) verdictOf(issuer.issue(address).token());
        Revocation revocation = ofAddress();

        clock.advance(Duration.ofSeconds(30));
        String renewed = issuer.renew(old).token();
        String renewedAgain = issuer.renew((Valid) verdictOf(renewed)).token();
        revocations.add(revocation);

        assertThat(verdictOf(renewed)).isEqualTo(new Revoked());
        assertThat(verdictOf(renewedAgain)).isEqualTo(new Revoked());
    }

    @Test
    void aTokenThatDoesNotTellItsAgeIsRevokedWithItsAddress() {
        revocations.complete();
        Valid foreign = new Valid(address, Valid.NEVER);

        assertThat(revocations.concern(foreign)).isFalse();
        revocations.add(ofAddress());

        assertThat(revocations.concern(foreign)).isTrue();
        clock.advance(Duration.ofSeconds(100));
        assertThat(revocations.concern(foreign)).isFalse();
    }

    @Test
    void listenersHearWhatIsNewOnce() {
        List<Revocation> heard = new ArrayList<>();
        revocations.onAdded(heard::add);
        OfAddress first = ofAddress();
        OfAddress later = new OfAddress(address, first.atSeconds() + 5, first.untilSeconds());

        for (Revocation each : List.of(first, first, later, first, later)) {
            revocations.add(each);
        }

        assertThat(heard).containsExactly(first, later);
        assertThat(revocations.of(address)).contains(later);
        assertThat(revocations.size()).isEqualTo(1);
    }

    @Test
    void whatHasEndedIsForgotten() {
        for (int i = 0; i < 10_000; i++) {
            revocations.add(new OfToken(address, i, now() + 1));
            clock.advance(Duration.ofMillis(2));
        }

        assertThat(revocations.size()).isLessThan(4_000);
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private OfAddress ofAddress() {
        return new OfAddress(address, now(), now() + 100);
    }

    private OfToken ofToken(String token) {
        return new OfToken(address, Fingerprint.of(token), now() + 100);
    }

    private TokenVerdict verdictOf(String token) {
        try (LocalVerifier verifier = new LocalVerifier(KEY, clock)) {
            return Answers.of(revocations.guard(verifier).verify(token));
        }
    }
}
