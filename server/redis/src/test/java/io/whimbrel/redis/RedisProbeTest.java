package io.whimbrel.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisProbeTest {
    @ParameterizedTest
    @CsvSource({
        "+PONG, true",
        "-NOAUTH Authentication required., true",
        "-LOADING Redis is loading the dataset in memory, false",
        "+PON, false",
        "'', false",
        "HTTP/1.1 400 Bad Request, false"
    })
    void onlyAnAnswerOfOneThatServesMeansReady(String answer, boolean ready) {
        assertThat(RedisProbe.meansReady(answer)).isEqualTo(ready);
    }
}
