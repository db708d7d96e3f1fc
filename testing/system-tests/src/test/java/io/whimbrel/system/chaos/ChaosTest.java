package io.whimbrel.system.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.system.chaos.RedisDeployment.Form;
import io.whimbrel.system.chaos.Violation.Rule;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The long run, {@code ./verify --chaos}: on each deployment of Redis its share of the faults, and nothing accepted is lost or
 * shown twice.
 */
@Tag("chaos")
@Timeout(value = 8, unit = TimeUnit.HOURS)
class ChaosTest {
    private static final int FAULTS = 1_000;
    private static final int ONE_IN_SO_MANY_KILLS_BOTH = 50;
    private static final String MEMORY = "memory";
    private static final Set<Rule> MAY_BE_WITH_MEMORY = Set.of(Rule.LOST, Rule.NEW_EPOCH_UNSAID);
    private static final String DURABILITY = System.getProperty("chaos.durability", "");
    private static final String ALL = "standalone,sentinel,cluster";

    @TempDir
    private Path folder;

    static List<Form> forms() {
        return words("chaos.deployments", ALL)
                .map(name -> Form.valueOf(name.toUpperCase(Locale.ROOT)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void nothingAcceptedIsLostWhateverBreaks(Form form) throws Exception {
        long seed = Long.getLong("chaos.seed", System.nanoTime());
        int faults = Math.ceilDiv(Integer.getInteger("chaos.faults", FAULTS), forms().size());

        Findings findings = ChaosRun.of(form, seed, faults, settings(form))
                .demanding(demands(form))
                .run(folder)
                .findings();

        check(findings);
        assertThat(findings.faults()).isEqualTo(faults);
    }

    static List<Form> formsWithCopies() {
        return forms().stream().filter(form -> form != Form.STANDALONE).toList();
    }

    /** Run and counted apart: what is replicated is not meant to survive the loss of all copies, but here each has a file. */
    @ParameterizedTest
    @MethodSource("formsWithCopies")
    void nothingIsLostEitherWhenBothCopiesOfAShardAreKilled(Form form) throws Exception {
        long seed = Long.getLong("chaos.seed", System.nanoTime());
        int faults = Math.ceilDiv(Integer.getInteger("chaos.faults", FAULTS), ONE_IN_SO_MANY_KILLS_BOTH);

        Findings findings = ChaosRun.ofCopies(form, seed, faults, settings(form))
                .run(folder)
                .findings();

        check(findings);
    }

    /**
     * With {@code memory} what Redis had not told its replica, or its disk, may be lost, and its offset be given to another: those of
     * the clients that only acknowledge are not told. All else holds.
     */
    private static void check(Findings findings) {
        if (DURABILITY.equals(MEMORY)) {
            assertThat(findings.violations())
                    .filteredOn(violation -> !MAY_BE_WITH_MEMORY.contains(violation.rule()))
                    .isEmpty();
        } else {
            assertThat(findings.violations()).isEmpty();
        }
        assertThat(findings.neverAccepted()).isZero();
    }

    /** One Redis writes its file before it answers, and before it publishes; a replica that takes over may lack what was shown. */
    private static Demands demands(Form form) {
        return form == Form.STANDALONE && !DURABILITY.equals(MEMORY) ? Demands.USUAL.withOneIdEach() : Demands.USUAL;
    }

    private static List<String> settings(Form form) {
        String fitting = form == Form.STANDALONE ? "fsync" : "replicated";
        return List.of("--broker.redis.durability=" + (DURABILITY.isEmpty() ? fitting : DURABILITY));
    }

    private static Stream<String> words(String property, String byDefault) {
        return Arrays.stream(System.getProperty(property, byDefault).split(",")).filter(word -> !word.isBlank());
    }
}
