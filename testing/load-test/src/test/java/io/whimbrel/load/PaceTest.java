package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When publications are due, on a clock of our own. */
class PaceTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private long delivered;

    @Test
    void afterAStallAFixedRateStillStampsWithTheTimesThatWereDue() {
        Pace pace = new Pace(10, 1, () -> delivered);
        pace.start(0);
        long first = pace.nextDue(0);
        pace.onSent(1);

        long second = pace.nextDue(5 * SECOND);
        pace.onSent(1);
        long third = pace.nextDue(5 * SECOND);

        assertThat(first).isZero();
        assertThat(second).isEqualTo(SECOND / 10);
        assertThat(third).isEqualTo(SECOND / 5);
        assertThat(pace.behindNanos()).isEqualTo(5 * SECOND - SECOND / 10);
    }

    @Test
    void withoutARateTheBoundCountsWholePublications() {
        Pace pace = new Pace(0, 2, () -> delivered);
        pace.start(0);
        pace.onSent(100);
        assertThat(pace.nextDue(1)).isEqualTo(1);
        pace.onSent(100);

        assertThat(pace.nextDue(2)).isGreaterThan(2);
        delivered = 99;
        assertThat(pace.nextDue(3)).isGreaterThan(3);
        assertThat(pace.takeWaiting()).isTrue();
        assertThat(pace.takeWaiting()).isFalse();
        delivered = 100;
        assertThat(pace.nextDue(4)).isEqualTo(4);
    }

    @Test
    void whatNeverComesIsGivenUpAfterASecondAndCounted() {
        Pace pace = new Pace(0, 1, () -> delivered);
        pace.start(0);
        pace.onSent(10);
        assertThat(pace.nextDue(SECOND / 2)).isGreaterThan(SECOND / 2);

        pace.nextDue(2 * SECOND);

        assertThat(pace.stalls()).isEqualTo(1);
        assertThat(pace.nextDue(3 * SECOND)).isEqualTo(3 * SECOND);
    }

    @Test
    void aRefusedPublicationMakesRoom() {
        Pace pace = new Pace(0, 1, () -> delivered);
        pace.start(0);
        pace.onSent(10);

        pace.onRefused(10);

        assertThat(pace.nextDue(1)).isEqualTo(1);
        assertThat(pace.expected()).isZero();
    }
}
