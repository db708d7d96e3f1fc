package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where a client stands, what came twice or too late, and how long it took to get what was missed. */
class LogbookTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final Ledger ledger = new Ledger();
    private final Logbook logbook = new Logbook(ledger);

    @BeforeEach
    void thirtyPublicationsOneASecondAndAConnectedClient() {
        for (int i = 0; i < 30; i++) {
            ledger.onAccepted(ledger.onSent(i * SECOND), i * SECOND + MILLI / 2);
        }
        logbook.onCome(0);
    }

    @Test
    void itStandsWhereTheLastFrameSaid() {
        assertThat(logbook.position()).isNull();
        receive(0, 1, 0);
        assertThat(logbook.position()).isEqualTo(new Position("a", 1));

        logbook.onForeign(new Position("a", 2));
        assertThat(logbook.position()).isEqualTo(new Position("a", 2));

        logbook.onMessage(1, new Position("b", 1), SECOND);
        assertThat(logbook.position()).isEqualTo(new Position("b", 1));
        assertThat(logbook.losses().outOfOrder()).isZero();
    }

    @Test
    void whatComesAfterALaterOneIsOutOfOrderAndMovesNobodyBack() {
        receive(0, 1, 0);
        receive(2, 3, 2 * SECOND);
        receive(1, 2, 2 * SECOND);

        assertThat(logbook.losses().outOfOrder()).isEqualTo(1);
        assertThat(logbook.losses().duplicates()).isZero();
        assertThat(logbook.position()).isEqualTo(new Position("a", 3));
    }

    @Test
    void numbersMayComeInAnyOrderSinceOffsetsTellIt() {
        receive(1, 1, SECOND);
        receive(0, 2, SECOND);

        assertThat(logbook.losses().outOfOrder()).isZero();
    }

    @Test
    void whatComesOnceMoreIsADuplicateAndNotOutOfOrder() {
        receive(0, 1, 0);
        receive(1, 2, SECOND);
        receive(0, 1, SECOND);
        receive(0, 1, SECOND);

        assertThat(logbook.losses().duplicates()).isEqualTo(2);
        assertThat(logbook.losses().outOfOrder()).isZero();
        assertThat(logbook.losses().received()).isEqualTo(2);
    }

    @Test
    void aNoticeSaysWhereItGoesOnEvenIfThatIsBefore() {
        receive(0, 8, 0);
        logbook.onNotRecovered(new Position("a", 3));
        assertThat(logbook.position()).isEqualTo(new Position("a", 3));

        receive(1, 4, SECOND);

        assertThat(logbook.losses().notRecovered()).isEqualTo(1);
        assertThat(logbook.losses().outOfOrder()).isZero();
    }

    @Test
    void aReplayLastsUntilTheLastThatWasMissedIsThere() {
        logbook.onGo(3 * SECOND + MILLI);
        logbook.onCome(6 * SECOND);
        receive(4, 5, 6 * SECOND + 20 * MILLI);
        receive(5, 6, 6 * SECOND + 30 * MILLI);
        receive(3, 4, 6 * SECOND + 40 * MILLI); // was on its way when the client was cut off
        receive(7, 8, 7 * SECOND); // new

        assertThat(logbook.takeReplayNanos()).isEqualTo(40 * MILLI);
        assertThat(logbook.takeReplayNanos()).isEqualTo(Logbook.NOTHING);
    }

    @Test
    void whereNothingWasMissedThereIsNoReplay() {
        receive(0, 1, SECOND / 2);
        logbook.onGo(SECOND / 2 + MILLI);
        logbook.onCome(SECOND - MILLI);
        receive(1, 2, 5 * SECOND);

        assertThat(logbook.takeReplayNanos()).isEqualTo(Logbook.NOTHING);
    }

    @Test
    void aConnectionTooShortForAReplayDoesNotCountButALongerOneDoes() {
        logbook.onGo(SECOND / 2);
        logbook.onCome(2 * SECOND);
        logbook.onGo(3 * SECOND - MILLI);
        logbook.onCome(4 * SECOND);
        receive(1, 1, 4 * SECOND + MILLI);
        assertThat(logbook.takeReplayNanos()).isEqualTo(MILLI);

        logbook.onGo(5 * SECOND);
        logbook.onCome(6 * SECOND);
        receive(2, 2, 6 * SECOND + MILLI);
        assertThat(logbook.takeReplayNanos()).isEqualTo(2 * SECOND + MILLI);
    }

    @Test
    void whatComesTwiceProlongsNoReplay() {
        receive(0, 1, 0);
        logbook.onGo(SECOND);
        logbook.onCome(3 * SECOND);
        receive(2, 3, 3 * SECOND + MILLI);
        receive(0, 1, 9 * SECOND);

        assertThat(logbook.takeReplayNanos()).isEqualTo(MILLI);
    }

    @Test
    void withoutPositionsOnlyNumbersAreJudged() {
        receive(1, null, SECOND);
        receive(0, null, SECOND);
        receive(0, null, SECOND);

        assertThat(logbook.position()).isNull();
        assertThat(logbook.losses()).isEqualTo(new Losses(30, 2, 28, 0, 1, 0, 0, 0));
    }

    @Test
    void whatIsAcceptedOnlyAfterItIsBackWasNotMissed() {
        int late = ledger.onSent(40 * SECOND);
        logbook.onGo(39 * SECOND);
        logbook.onCome(41 * SECOND);
        receive(late, 31, 44 * SECOND); // and its answer is still under way
        ledger.onAccepted(late, 44 * SECOND + MILLI);

        int later = ledger.onSent(40 * SECOND);
        ledger.onAccepted(later, 44 * SECOND);
        receive(later, 32, 45 * SECOND);

        assertThat(logbook.takeReplayNanos()).isEqualTo(Logbook.NOTHING);
    }

    private void receive(int number, @Nullable Integer offset, long nanos) {
        logbook.onMessage(number, offset == null ? null : new Position("a", offset), nanos);
    }
}
