package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is to blame for a message that did not come. */
class LossesTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Ledger ledger = new Ledger();
    private final Numbers received = new Numbers();
    private final Presence presence = new Presence();

    @BeforeEach
    void tenPublicationsOneASecondAllButTheLastAccepted() {
        for (int i = 0; i < 10; i++) {
            int number = ledger.onSent(i * SECOND);
            if (i < 9) {
                ledger.onAccepted(number);
            }
        }
    }

    @Test
    void whatWasNotAcceptedIsNotDue() {
        presence.onCome(0);
        for (int i = 0; i < 9; i++) {
            received.add(i);
        }

        assertThat(losses()).isEqualTo(new Losses(9, 9, 0, 0, 0, 0));
    }

    @Test
    void whatDoesNotReachAConnectedClientIsLost() {
        presence.onCome(0);
        received.add(0);
        received.add(8);

        assertThat(losses()).isEqualTo(new Losses(9, 2, 7, 0, 0, 0));
    }

    @Test
    void whatIsSentWhileTheClientIsAwayOrJustBeforeIsMissed() {
        presence.onCome(0);
        presence.onGo(3 * SECOND + SECOND / 2);
        presence.onCome(5 * SECOND + SECOND / 2);

        // 3 was on its way when the client was cut, 4 and 5 came to nobody; the others should have come.
        assertThat(losses()).isEqualTo(new Losses(9, 0, 6, 3, 0, 0));
    }

    @Test
    void whoNeverConnectedLosesNothing() {
        assertThat(losses()).isEqualTo(new Losses(9, 0, 0, 9, 0, 0));
    }

    @Test
    void aSecondGoodbyeChangesNothing() {
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

    private Losses losses() {
        return Losses.of(ledger, received, presence, 0, 0);
    }
}
