package io.whimbrel.broker.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.broker.PublishedOnce.First;
import io.whimbrel.broker.PublishedOnce.Repeat;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryFirstAnswersTest {
    private static final int LIMIT = 3;

    private Instant now = Instant.EPOCH;
    private final AtomicInteger published = new AtomicInteger();
    private final MemoryFirstAnswers answers = new MemoryFirstAnswers(LIMIT, () -> now);

    @Test
    void aKeyIsRememberedForItsTimeAndNoLonger() {
        publish("k", 1000);

        now = now.plusMillis(999);
        PublishedOnce before = publish("k", 1000);
        now = now.plusMillis(1);
        PublishedOnce after = publish("k", 1000);

        assertThat(before).isInstanceOf(Repeat.class);
        assertThat(after).isInstanceOf(First.class);
        assertThat(published).hasValue(2);
    }

    @Test
    void aNewKeyBeyondTheLimitIsRefusedUntilAnotherHasEnded() {
        publish("long", 3000);
        publish("short", 1000);
        publish("medium", 2000);

        assertThatThrownBy(() -> publish("new", 1000)).isInstanceOf(BrokerUnavailableException.class);
        assertThat(publish("long", 3000)).isInstanceOf(Repeat.class);
        now = now.plusMillis(1000);

        assertThat(publish("new", 1000)).isInstanceOf(First.class);
        assertThat(published).hasValue(4);
    }

    @Test
    void aClockThatJumpsBackMakesNobodyPublishTwice() {
        publish("k", 1000);
        now = now.minusSeconds(3600);

        PublishedOnce back = publish("k", 1000);
        now = now.plusSeconds(3600).plusMillis(999);
        PublishedOnce before = publish("k", 1000);
        now = now.plusMillis(1);

        assertThat(List.of(back, before)).allSatisfy(it -> assertThat(it).isInstanceOf(Repeat.class));
        assertThat(publish("k", 1000)).isInstanceOf(First.class);
    }

    @Test
    void whatIsRememberedAfterAJumpBackDoesNotWaitForWhatWasBefore() {
        publish("before", 1000);
        now = now.minusSeconds(3600);
        publish("after", 1000);

        now = now.plusMillis(1000);

        assertThat(publish("after", 1000)).isInstanceOf(First.class);
        assertThat(publish("before", 1000)).isInstanceOf(Repeat.class);
    }

    @Test
    void aClockThatJumpsAheadEndsAllAnswersAndMakesRoom() {
        publish("one", 1000);
        publish("two", 1000);
        publish("three", 1000);
        now = now.plusSeconds(86_400);

        assertThat(publish("four", 1000)).isInstanceOf(First.class);
        assertThat(publish("one", 1000)).isInstanceOf(First.class);
    }

    private PublishedOnce publish(String key, long millis) {
        Publication publication = new Publication("id", new Topic("birds"), 1, null, "{}".getBytes(UTF_8));
        return answers.firstOr(
                publication,
                IdempotencyKey.of("sender", key, publication.payload(), Duration.ofMillis(millis)),
                () -> new First(new Published(published.incrementAndGet(), null)));
    }
}
