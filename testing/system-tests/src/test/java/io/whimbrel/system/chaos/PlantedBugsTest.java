package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.system.chaos.Fault.Kind;
import io.whimbrel.system.chaos.RedisDeployment.Form;
import io.whimbrel.system.chaos.Violation.Rule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The suite is not blind: mistakes that a hurried hand might make are planted into the real parts, and it finds each. */
@Tag("chaos")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PlantedBugsTest {
    private static final List<String> GATEWAYS = List.of("gateway 0", "gateway 1", "gateway 2");
    private static final long SEED = 1;

    @TempDir
    private Path folder;

    @Test
    void aMissingGapCheckIsFound() throws Exception {
        Findings findings = runWith(PlantedBug.DROPS_THE_GAP_CHECK, gatewaysLoseRedis());

        assertThat(findings.of(Rule.PASSED_OVER)).isNotEmpty();
        assertThat(findings.of(Rule.LOST)).isNotEmpty();
    }

    @Test
    void aMissingResubscriptionIsFound() throws Exception {
        Findings findings = runWith(PlantedBug.SKIPS_RESUBSCRIPTION, gatewaysLoseRedis());

        assertThat(findings.of(Rule.FALSE_READINESS)).isNotEmpty();
    }

    /** Only the canaries of that shard are silent, and only what its topics lack is lost. */
    @Test
    void aMissingResubscriptionAtOneShardOfThreeIsFound() throws Exception {
        Findings findings = ChaosRun.with(
                        PlantedBug.SKIPS_RESUBSCRIPTION,
                        Form.CLUSTER,
                        SEED,
                        List.of(new Fault(2_000, Kind.DROP_CLIENTS, "redis 1", 0)))
                .run(folder)
                .findings();

        assertThat(findings.of(Rule.FALSE_READINESS))
                .isNotEmpty()
                .allSatisfy(violation -> assertThat(violation.evidence()).contains("on shard 1 "));
    }

    @Test
    void anAcknowledgementBeforeThatOfRedisIsFound() throws Exception {
        Findings findings = runWith(PlantedBug.ACKNOWLEDGES_BEFORE_REDIS, websLoseRedis());

        assertThat(findings.of(Rule.LOST)).isNotEmpty();
    }

    /** A replica that takes over gives offsets again that the former primary has shown meanwhile. */
    @Test
    void anEpochThatIsKeptIsFound() throws Exception {
        Findings findings = ChaosRun.with(PlantedBug.KEEPS_THE_EPOCH, Form.SENTINEL, SEED, failovers())
                .run(folder)
                .findings();

        assertThat(findings.of(Rule.OFFSET_USED_TWICE)).isNotEmpty();
    }

    private Findings runWith(PlantedBug bug, List<Fault> faults) throws Exception {
        return ChaosRun.with(bug, Form.STANDALONE, SEED, faults).run(folder).findings();
    }

    /** Of which each leaves a former primary that takes messages for a moment: nobody waits for replicas here. */
    private static List<Fault> failovers() {
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            faults.add(new Fault(2_000 + 15_000L * i, Kind.FAIL_OVER, "redis as a whole", 0));
        }
        return faults;
    }

    /** One after the other, and is far from Redis when it has it again: news come before what was missed is read. */
    private static List<Fault> gatewaysLoseRedis() {
        List<Fault> faults = new ArrayList<>();
        long at = 2_000;
        for (String gateway : GATEWAYS) {
            String wire = gateway + " to redis";
            faults.add(new Fault(at, Kind.CUT, wire, 1_000));
            faults.add(new Fault(at + 1_020, Kind.DELAY, wire, 4_000));
            at += 6_000;
        }
        return faults;
    }

    /** What they send arrives nowhere, and they do not know it. */
    private static List<Fault> websLoseRedis() {
        return List.of(
                new Fault(2_000, Kind.HALF_OPEN, "web 0 to redis", 2_000),
                new Fault(6_000, Kind.HALF_OPEN, "web 1 to redis", 2_000));
    }
}
