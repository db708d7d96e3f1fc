package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When clients that come back make a run a failure. */
class JudgementTest {
    private static final long MILLI = 1_000_000;

    private final Histogram comebacks = LoopMeter.histogram();
    private final Histogram replays = LoopMeter.histogram();

    @ParameterizedTest
    @EnumSource(names = {"JITTER", "DEPLOY"})
    void allDeliveredOnceAndInOrderIsASuccess(Scenario scenario) {
        replays.recordValue(20 * MILLI);
        comebacks.recordValue(9_000 * MILLI);

        List<String> failures = failures(scenario, 0, new Losses(100, 100, 0, 0, 0, 0, 0, 0));

        assertThat(failures).isEmpty();
    }

    @Test
    void whateverIsMissingRepeatedOrOutOfOrderIsSaid() {
        List<String> failures = failures(Scenario.JITTER, 2, new Losses(100, 90, 3, 7, 4, 0, 5, 6));

        assertThat(failures)
                .containsExactly(
                        "Clients that were not back in the end: 2",
                        "Publications that were accepted and never reached their client: 10",
                        "Publications that came once more: 4",
                        "Publications that came after later ones: 5");
    }

    @Test
    void whatWasToldNotToBeKeptIsNoFailureOfItsOwn() {
        assertThat(failures(Scenario.JITTER, 0, new Losses(100, 100, 0, 0, 0, 0, 0, 6)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void oneSlowReplayInAHundredIsForgivenButNotTwo(int slow) {
        replays.recordValueWithCount(20 * MILLI, 100 - slow);
        replays.recordValueWithCount(1_500 * MILLI, slow);

        List<String> failures = failures(Scenario.JITTER, 0, Losses.NONE);

        assertThat(failures).hasSize(slow - 1).allMatch(failure -> failure.contains("must take less than 1,000 ms"));
    }

    @Test
    void afterARestartAllAreBackSoonerThanAfterTenSeconds() {
        comebacks.recordValueWithCount(100 * MILLI, 1_000);
        comebacks.recordValue(10_100 * MILLI);

        assertThat(failures(Scenario.DEPLOY, 0, Losses.NONE))
                .singleElement()
                .asString()
                .startsWith("A client was connected again only 10,1");
        assertThat(failures(Scenario.JITTER, 0, Losses.NONE)).isEmpty();
    }

    @Test
    void otherScenariosOweNothingToWhoWasAway() {
        Losses losses = new Losses(100, 90, 0, 10, 4, 0, 5, 6);

        assertThat(failures(Scenario.UNICAST, 2, losses)).isEmpty();
        assertThat(failures(Scenario.STORM, 2, losses)).isEmpty();
    }

    @Test
    void onlyAllOfItIsAHundredPercent() {
        assertThat(Texts.share(1_000_000, 1_000_000)).isEqualTo("100 %");
        assertThat(Texts.share(99_999_999, 100_000_000)).isEqualTo("99.9999 %");
        assertThat(Texts.share(1, 2)).isEqualTo("50 %");
        assertThat(Texts.share(0, 0)).isEqualTo("100 %");
    }

    private List<String> failures(Scenario scenario, int stillAway, Losses losses) {
        return new Judgement(
                        BenchSettingsTest.settings(scenario, 10, 1),
                        new Report.Traffic(2, 100, 100, 100, 1_000, Map.of()),
                        losses,
                        new Report.Returns(stillAway, comebacks, replays),
                        new Report.Generator("epoll", 1, 1, 0),
                        new Pace(0, 40, () -> 0),
                        List.of())
                .failures();
    }
}
