package io.whimbrel.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimingWheelTest {
    private static final long TICK = 10;

    private final List<String> fired = new ArrayList<>();
    private final TimingWheel wheel = new TimingWheel(TICK, 1_000);

    @Test
    void callsAnEntryAtItsDeadlineAndNotBefore() {
        wheel.schedule(new Named("a"), 1_050);

        wheel.advance(1_049);
        assertThat(fired).isEmpty();
        wheel.advance(1_050);

        assertThat(fired).containsExactly("a");
        assertThat(wheel.size()).isZero();
    }

    @Test
    void aPastDeadlineComesUpWithTheNextTick() {
        wheel.schedule(new Named("late"), 5);

        wheel.advance(1_010);

        assertThat(fired).containsExactly("late");
    }

    @Test
    void oneThatFailsDoesNotStopTheOthers() {
        wheel.schedule(
                new TimingWheel.Entry() {
                    @Override
                    void onDeadline(long nowMillis) {
                        throw new OutOfMemoryError("as the test wants it");
                    }
                },
                1_050);
        wheel.schedule(new Named("next"), 1_060);

        wheel.advance(1_060);

        assertThat(fired).containsExactly("next");
    }

    @Test
    void movesAnEntryThatIsScheduledAgain() {
        Named entry = new Named("a");
        wheel.schedule(entry, 1_050);
        wheel.schedule(entry, 1_100);

        wheel.advance(1_090);
        assertThat(fired).isEmpty();
        wheel.advance(1_100);

        assertThat(fired).containsExactly("a");
    }

    @Test
    void aCancelledEntryNeverComesUpAndItsNeighboursDo() {
        Named middle = new Named("b");
        wheel.schedule(new Named("a"), 1_050);
        wheel.schedule(middle, 1_050);
        wheel.schedule(new Named("c"), 1_050);

        wheel.cancel(middle);
        wheel.cancel(middle);
        wheel.advance(2_000);

        assertThat(fired).containsExactlyInAnyOrder("a", "c");
    }

    @Test
    void anEntryBeyondTheRingComesUpEarlySoThatItCanScheduleItselfAgain() {
        wheel.schedule(new Named("far"), Long.MAX_VALUE);

        wheel.advance(1_000 + TICK * (TimingWheel.SLOTS - 1));

        assertThat(fired).containsExactly("far");
    }

    @Test
    void aLongPauseLosesNothing() {
        for (int i = 0; i < 100; i++) {
            wheel.schedule(new Named("e" + i), 1_000 + i * 40);
        }

        wheel.advance(10_000_000);

        assertThat(fired).hasSize(100);
    }

    @Test
    void anEntryMayScheduleItselfWhileItIsCalled() {
        wheel.schedule(
                new TimingWheel.Entry() {
                    @Override
                    void onDeadline(long nowMillis) {
                        fired.add("at " + nowMillis);
                        wheel.schedule(this, nowMillis + TICK);
                    }
                },
                1_010);

        wheel.advance(1_010);
        wheel.advance(1_020);

        assertThat(fired).containsExactly("at 1010", "at 1020");
    }

    private final class Named extends TimingWheel.Entry {
        private final String name;

        Named(String name) {
            this.name = name;
        }

        @Override
        void onDeadline(long nowMillis) {
            fired.add(name);
        }
    }
}
