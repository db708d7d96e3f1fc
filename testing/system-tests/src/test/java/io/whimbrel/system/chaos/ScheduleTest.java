package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.system.chaos.Fault.Kind;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What a seed decides. */
class ScheduleTest {
    private static final Layout CLUSTER = new Layout(
            List.of("gateway 0", "gateway 1"),
            List.of("web 0"),
            List.of("redis 0", "redis 1", "redis 2"),
            List.of("sentinel 0"),
            List.of("redis 0, redis 1", "redis 1, redis 0"),
            List.of("clients of gateway 0", "web 0 to redis", "way to redis 0"),
            true,
            true);

    private static final Layout STANDALONE = new Layout(
            CLUSTER.gateways(),
            CLUSTER.webs(),
            List.of("redis 0"),
            List.of(),
            List.of(),
            CLUSTER.wires(),
            false,
            false);

    /** As {@link Stage} has it. */
    private static final Layout STAGE_OF_THE_SHORT_RUN = new Layout(
            List.of("gateway 0", "gateway 1", "gateway 2"),
            List.of("web 0", "web 1"),
            List.of("redis 0"),
            List.of(),
            List.of(),
            List.of(
                    "publishers of web 0",
                    "publishers of web 1",
                    "clients of gateway 0",
                    "clients of gateway 1",
                    "clients of gateway 2",
                    "web 0 to redis",
                    "web 1 to redis",
                    "gateway 0 to redis",
                    "gateway 1 to redis",
                    "gateway 2 to redis"),
            false,
            false);

    private static final Set<Kind> HARMFUL_TO_REDIS = Set.of(
            Kind.KILL_REDIS, Kind.STOP_REDIS, Kind.KILL_SENTINEL, Kind.STOP_SENTINEL, Kind.FAIL_OVER, Kind.MOVE_SLOT);

    @Test
    void theSameSeedGivesTheSameFaults() {
        List<Fault> once = Schedule.of(7, 500, CLUSTER);

        List<Fault> again = Schedule.of(7, 500, CLUSTER);

        assertThat(again).isEqualTo(once).hasSize(500);
        assertThat(Schedule.of(8, 500, CLUSTER)).isNotEqualTo(once);
    }

    @Test
    void aShorterScheduleIsTheBeginningOfALongerOne() {
        assertThat(Schedule.of(7, 20, CLUSTER))
                .isEqualTo(Schedule.of(7, 500, CLUSTER).subList(0, 20));
    }

    @Test
    void everyKindOfFaultIsDoneWhereItMakesSense() {
        assertThat(kinds(Schedule.of(1, 1_000, CLUSTER)))
                .hasSize(Kind.values().length - 1)
                .doesNotContain(Kind.KILL_COPIES);
        assertThat(kinds(Schedule.of(1, 1_000, STANDALONE)))
                .doesNotContain(
                        Kind.FAIL_OVER, Kind.MOVE_SLOT, Kind.KILL_SENTINEL, Kind.STOP_SENTINEL, Kind.KILL_COPIES)
                .hasSize(Kind.values().length - 5);
    }

    @Test
    void bothCopiesAreHarmedOnlyWhereThatIsAskedFor() {
        assertThat(kinds(Schedule.ofCopies(1, 100, CLUSTER))).containsExactly(Kind.KILL_COPIES);
    }

    @Test
    void aFifthOfTheFaultsHarmRedisItselfAndManyOfThemMoveWhatItHolds() {
        for (long seed = 1; seed <= 20; seed++) {
            List<Fault> faults = Schedule.of(seed, 1_000, CLUSTER);

            assertThat(count(faults, HARMFUL_TO_REDIS)).as("seed %d", seed).isBetween(180L, 280L);
            assertThat(count(faults, Set.of(Kind.FAIL_OVER, Kind.MOVE_SLOT)))
                    .as("seed %d", seed)
                    .isGreaterThan(70);
        }
    }

    @Test
    void theShortRunKillsRedisAndDoesNotTakeLong() {
        List<Fault> faults = Schedule.of(ShortChaosTest.SEED, ShortChaosTest.FAULTS, STAGE_OF_THE_SHORT_RUN);

        assertThat(kinds(faults)).contains(Kind.KILL_REDIS, Kind.KILL_GATEWAY, Kind.KILL_WEB);
        assertThat(faults).allMatch(fault -> fault.endMillis() < 15_000);
    }

    /** Or a thousand would take hours. */
    @Test
    void whatWaitsForRedisDoesNotMakeItMuchLonger() {
        List<Fault> faults = Schedule.of(1, 1_000, CLUSTER);

        assertThat(faults.getLast().atMillis()).isLessThan(2_200_000);
    }

    private static long count(List<Fault> schedule, Set<Kind> kinds) {
        return schedule.stream().map(Fault::kind).filter(kinds::contains).count();
    }

    private static Set<Kind> kinds(List<Fault> schedule) {
        return schedule.stream().map(Fault::kind).collect(Collectors.toSet());
    }

    @Test
    void nothingIsBrokenAgainBeforeItIsWhole() {
        Map<String, Long> wholeFrom = new HashMap<>();

        for (Fault fault : Schedule.of(3, 1_000, CLUSTER)) {
            assertThat(fault.atMillis())
                    .as(fault.toString())
                    .isGreaterThanOrEqualTo(wholeFrom.getOrDefault(fault.target(), 0L));
            wholeFrom.put(fault.target(), fault.endMillis());
        }
    }

    @Test
    void onlyOneThingThatRedisRunsOnIsHarmedAtATime() {
        long wholeFrom = 0;

        for (Fault fault : Schedule.of(3, 1_000, CLUSTER)) {
            if (fault.harmsRedis()) {
                assertThat(fault.atMillis()).as(fault.toString()).isGreaterThan(wholeFrom);
                wholeFrom = fault.endMillis();
            }
        }
    }
}
