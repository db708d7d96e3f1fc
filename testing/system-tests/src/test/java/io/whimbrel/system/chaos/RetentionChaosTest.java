package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who stays away for longer than messages are kept is told so, and given all that is kept. In all other runs so much is kept that
 * nobody ever is.
 */
@Tag("chaos")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RetentionChaosTest {
    private static final long SEED = 1;
    private static final int FAULTS = 6;
    /** An address is sent nearly three a second, and who roves stays away for up to four. */
    private static final int KEPT = 5;

    @TempDir
    private Path folder;

    @Test
    void whatAClientIsNotGivenIsOlderThanWhatIsKeptAndAnnounced() throws Exception {
        ChaosReport report = ChaosRun.ofLittleKept(
                        RedisDeployment.Form.STANDALONE, SEED, FAULTS, KEPT, List.of("--broker.redis.durability=fsync"))
                .run(folder);

        assertThat(report.findings().violations()).as(report.text()).isEmpty();
        assertThat(report.findings().neverAccepted()).as(report.text()).isZero();
        assertThat(report.findings().expired()).as(report.text()).isPositive();
    }
}
