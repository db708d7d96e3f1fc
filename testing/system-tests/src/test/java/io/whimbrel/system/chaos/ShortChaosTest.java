package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.system.chaos.Fault.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A taste of chaos for every build: a few faults on one Redis. {@code ./verify --chaos} does many, on every deployment. */
@Timeout(value = 5, unit = TimeUnit.MINUTES) // it takes half a minute, but many where much else is built
class ShortChaosTest {
    /** The same faults in every build; the long runs have others. Redis, a gateway and a web server are killed. */
    static final long SEED = 2;

    static final int FAULTS = 10;
    /** 3 s are promised, but in a build seven processes share few cores with other tests, and stand still themselves. */
    private static final long READINESS_LIMIT_MILLIS = 10_000;

    /** For the same reason; less, and it would be green without having looked. */
    private static final double LEAST_JUDGED = 0.5;

    private static final List<String> DURABLE = List.of("--broker.redis.durability=fsync");

    @TempDir
    private Path folder;

    @Test
    void nothingIsLostOrDuplicatedWhileAFewThingsBreak() throws Exception {
        ChaosReport report = ChaosRun.of(RedisDeployment.Form.STANDALONE, SEED, FAULTS, DURABLE)
                .demanding(Demands.USUAL
                        .withReadiness(READINESS_LIMIT_MILLIS, LEAST_JUDGED)
                        .withOneIdEach())
                .run(folder);

        assertThat(report.findings().violations()).as(report.text()).isEmpty();
        assertThat(report.findings().faults()).as(report.text()).isEqualTo(FAULTS);
        assertThat(report.findings().faultsByKind()).as(report.text()).containsKey(Kind.KILL_REDIS.words());
        assertThat(report.findings().accepted()).as(report.text()).isPositive();
        assertThat(report.findings().neverAccepted()).as(report.text()).isZero();
    }
}
