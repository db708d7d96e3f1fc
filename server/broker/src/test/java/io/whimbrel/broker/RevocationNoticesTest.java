package io.whimbrel.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RevocationNoticesTest {
    private static final Address ADDRESS =
            Address.parse("123e4567-e89b-42d3-a456-426614174000").orElseThrow();

    @Test
    void comesBackAsItWas() {
        for (Revocation each : new Revocation[] {
            new OfAddress(ADDRESS, 1_700_000_000, 1_700_086_400),
            new OfToken(ADDRESS, -2, 1_700_086_400),
            new OfToken(ADDRESS, Long.MAX_VALUE, 1)
        }) {
            assertThat(RevocationNotices.read(RevocationNotices.notice(each))).contains(each);
        }
    }

    @Test
    void isReadByEveryVersion() {
        assertThat(RevocationNotices.notice(new OfAddress(ADDRESS, 7, 8)))
                .isEqualTo(new Notice("revoked", "123e4567-e89b-42d3-a456-426614174000", "7", 8_000));
        assertThat(RevocationNotices.notice(new OfToken(ADDRESS, -2, 8)))
                .isEqualTo(new Notice("revoked", "123e4567-e89b-42d3-a456-426614174000/fffffffffffffffe", "", 8_000));
    }

    @ParameterizedTest
    @CsvSource({"nobody,7", "123e4567-e89b-42d3-a456-426614174000,now", "123e4567-e89b-42d3-a456-426614174000/x,''"})
    void whatIsNoneIsNotRead(String about, String text) {
        assertThat(RevocationNotices.read(new Notice("revoked", about, text, 8_000)))
                .isEmpty();
    }
}
