package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is to blame for a message that did not come. */
class LossesTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Ledger ledger = new Ledger();
    private final Logbook logbook = new Logbook(ledger);

    @BeforeEach
    void tenPublicationsOneASecondAllButTheLastAccepted() {
        for (int i = 0; i < 10; i++) {
            int number = ledger.onSent(i * SECOND);
            if (i < 9) {
                ledger.onAccepted(number, i * SECOND + 1);
            }
        }
    }

    @Test
    void whatWasNotAcceptedIsNotDue() {
        logbook.onCome(0);
        for (int i = 0; i < 9; i++) {
            logbook.onMessage(i, null, i * SECOND);
        }

        assertThat(logbook.losses()).isEqualTo(new Losses(9, 9, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void whatDoesNotReachAConnectedClientIsLost() {
        logbook.onCome(0);
        logbook.onMessage(0, null, 0);
        logbook.onMessage(8, null, 8 * SECOND);

        assertThat(logbook.losses()).isEqualTo(new Losses(9, 2, 7, 0, 0, 0, 0, 0));
    }

    @Test
    void whatIsSentWhileTheClientIsAwayOrJustBeforeIsMissed() {
        logbook.onCome(0);
        logbook.onGo(3 * SECOND + SECOND / 2);
        logbook.onCome(5 * SECOND + SECOND / 2);

        // 3 was on its way when the client was cut, 4 and 5 came to nobody; the others should have come.
        assertThat(logbook.losses()).isEqualTo(new Losses(9, 0, 6, 3, 0, 0, 0, 0));
        assertThat(logbook.losses().missing()).isEqualTo(9);
    }

    @Test
    void whoNeverConnectedLosesNothing() {
        assertThat(logbook.losses()).isEqualTo(new Losses(9, 0, 0, 9, 0, 0, 0, 0));
    }

    @Test
    void aSecondGoodbyeChangesNothing() {
        Presence presence = new Presence();
        presence.onCome(1);
        presence.onGo(2);
        presence.onGo(3);
        presence.onCome(4);

        assertThat(presence.wasHere(1, 2)).isTrue();
        assertThat(presence.wasHere(2, 4)).isFalse();
        assertThat(presence.wasHere(5, Long.MAX_VALUE)).isTrue();
    }

    @Test
    void numbersAreASetThatTellsWhatIsNew() {
        Numbers numbers = new Numbers();

        assertThat(numbers.add(0)).isTrue();
        assertThat(numbers.add(1_000_000)).isTrue();
        assertThat(numbers.add(1_000_000)).isFalse();
        assertThat(numbers.has(999_999)).isFalse();
        assertThat(numbers.has(5_000_000)).isFalse();
        assertThat(numbers.count()).isEqualTo(2);
    }
}
