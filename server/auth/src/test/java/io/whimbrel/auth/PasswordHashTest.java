package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordHashTest {
    @Test
    void matchesItsPasswordOnly() {
        PasswordHash hash =
                PasswordHash.parse(PasswordHash.of("correct horse", 1_000).toString());

        assertThat(hash.matches("correct horse")).isTrue();
        assertThat(hash.matches("correct horsf")).isFalse();
        assertThat(hash.matches("")).isFalse();
    }

    @Test
    void isWhatOtherProgramsCompute() {
        // Python: hashlib.pbkdf2_hmac("sha256", b"password", b"saltsaltsaltsalt", 1000)
        PasswordHash hash = PasswordHash.parse(
                "pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA=");

        assertThat(hash.matches("password")).isTrue();
    }

    @Test
    void isSaltedAndDearByDefault() {
        String one = PasswordHash.of("password").toString();

        assertThat(one).matches("pbkdf2-sha256\\$600000\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}");
        assertThat(PasswordHash.of("password").toString()).isNotEqualTo(one);
    }

    @Test
    void doesNotMindHowAnAccentWasTyped() {
        assertThat(PasswordHash.of("caf\u00e9", 1_000).matches("cafe\u0301")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "secret",
                "pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==",
                "pbkdf2-sha1$1000$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "pbkdf2-sha256$999$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "pbkdf2-sha256$999999999$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "pbkdf2-sha256$99999999999$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA==$AAAA",
                "pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            })
    void otherTextIsRefusedWithoutQuotingIt(String text) {
        assertThatThrownBy(() -> PasswordHash.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("c2FsdHNhbHRz");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1_025})
    void passwordsHaveALength(int length) {
        assertThatThrownBy(() -> PasswordHash.of("x".repeat(length))).hasMessageContaining("1 to 1024");
    }
}
