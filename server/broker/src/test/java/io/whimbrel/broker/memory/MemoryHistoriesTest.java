package io.whimbrel.broker.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.broker.History;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.model.TopicPattern;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Time, which a clock that is set makes jump. */
class MemoryHistoriesTest {
    private static final Topic BIRDS = new Topic("birds");
    private static final Duration RETENTION = Duration.ofHours(1);

    private Instant now = Instant.EPOCH.plus(Duration.ofDays(1000));
    private final MemoryHistories histories = new MemoryHistories(
            new HistoryRules(
                    Retention.NONE,
                    List.of(new HistoryRules.Rule(new TopicPattern("birds"), new Retention(10, RETENTION)))),
            () -> now);

    @Test
    void publicationsAreKeptForTheirTimeAfterTheNewestAndNoLonger() {
        keep();
        now = now.plus(RETENTION).minusMillis(1);
        keep();

        now = now.plus(RETENTION).minusMillis(1);
        History before = read();
        now = now.plusMillis(1);
        History after = read();

        assertThat(before.publications()).hasSize(2);
        assertThat(after.publications()).isEmpty();
        assertThat(after.top()).isEqualTo(before.top());
    }

    @Test
    void aClockThatJumpsBeyondTheRetentionEndsWhatWasKeptButNoOffsetIsUsedAgain() {
        Position first = keep();
        histories.moveCursors(Map.of(BIRDS, first));

        now = now.plus(RETENTION.multipliedBy(10));
        Position second = keep();

        assertThat(second).isEqualTo(first.at(2));
        assertThat(offsets(read())).containsExactly(2L);
        assertThat(histories.readFromCursor(BIRDS, 10).after()).isEqualTo(1);
    }

    @Test
    void aClockThatJumpsBackLosesNothingAndKeepsTheOrder() {
        Position first = keep();

        now = now.minus(Duration.ofDays(365));
        Position second = keep();

        assertThat(second).isEqualTo(first.at(2));
        assertThat(offsets(read())).containsExactly(1L, 2L);
        now = now.plus(RETENTION); // counted from the newest, by the clock as it is now
        assertThat(read().publications()).isEmpty();
        assertThat(read().top()).isEqualTo(second);
    }

    @Test
    void aTopicNobodyUsedForLongBeginsAnew() {
        Position first = keep();
        now = now.plus(MemoryHistories.META_TIME).minusMillis(1);
        Position still = read().top();

        now = now.plus(MemoryHistories.META_TIME);

        assertThat(still).isEqualTo(first);
        assertThat(histories.tops(List.of(BIRDS))).isEmpty();
        assertThat(keep().epoch()).isNotEqualTo(first.epoch());
    }

    private Position keep() {
        Publication kept = histories.keep(new Publication("id", BIRDS, now.toEpochMilli(), null, "{}".getBytes(UTF_8)));
        return requireNonNull(kept.position());
    }

    private History read() {
        return histories.read(BIRDS, 0, 10);
    }

    private static List<Long> offsets(History history) {
        return history.publications().stream()
                .map(publication -> requireNonNull(publication.position()).offset())
                .toList();
    }
}
