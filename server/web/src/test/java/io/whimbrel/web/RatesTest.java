package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.model.Address;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RatesTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // wraps around during the tests
    private final Address sender = Address.random();

    @Test
    void burstPassesAndThenTheRate() {
        Rates<Address> rates = new Rates<>(50, 100, clock::get);

        long burst = passing(rates, 1000);
        clock.addAndGet(SECOND);
        long nextSecond = passing(rates, 1000);
        clock.addAndGet(3600 * SECOND);
        long afterAnHour = passing(rates, 1000);

        assertThat(burst).isEqualTo(100);
        assertThat(nextSecond).isEqualTo(50);
        assertThat(afterAnHour).isEqualTo(100);
    }

    @Test
    void waitThatIsToldIsTrueToTheNanosecond() {
        Rates<Address> rates = new Rates<>(3, 1, clock::get);
        rates.take(sender);

        long wait = rates.take(sender);
        clock.addAndGet(wait - 1);
        long tooEarly = rates.take(sender);
        clock.addAndGet(tooEarly);

        assertThat(wait).isEqualTo(333_333_334L);
        assertThat(tooEarly).isEqualTo(1);
        assertThat(rates.take(sender)).isZero();
    }

    @Test
    void sendersDoNotShareABucket() {
        Rates<Address> rates = new Rates<>(1, 1, clock::get);
        rates.take(sender);

        assertThat(rates.take(sender)).isPositive();
        assertThat(rates.take(Address.random())).isZero();
    }

    @Test
    void memoryIsBounded() {
        Rates<Address> rates = new Rates<>(1, 1, clock::get);

        for (int i = 0; i < Rates.MAX_KEYS + 5_000; i++) {
            rates.take(Address.random());
        }

        assertThat(rates.size()).isLessThanOrEqualTo(Rates.MAX_KEYS);
    }

    @Test
    void clockThatSeemsToGoBackGivesNothing() {
        Rates<Address> rates = new Rates<>(1, 1, clock::get);
        rates.take(sender);

        clock.addAndGet(-SECOND / 2);

        assertThat(rates.take(sender)).isPositive();
    }

    private long passing(Rates<Address> rates, int tries) {
        long passed = 0;
        for (int i = 0; i < tries; i++) {
            passed += rates.take(sender) == 0 ? 1 : 0;
        }
        return passed;
    }
}
