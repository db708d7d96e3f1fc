package io.whimbrel.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisProbeTest {
    @ParameterizedTest
    @CsvSource({
        "+PONG, READY",
        "-NOAUTH Authentication required., READY",
        "-LOADING Redis is loading the dataset in memory, LOADING",
        "+PON, SILENT",
        "'', SILENT",
        "HTTP/1.1 400 Bad Request, SILENT"
    })
    void onlyAnAnswerOfOneThatServesMeansReady(String answer, RedisProbe.State state) {
        assertThat(RedisProbe.stateOf(answer)).isEqualTo(state);
    }
}
