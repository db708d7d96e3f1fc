package io.whimbrel.broker.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.broker.Hop;
import io.whimbrel.broker.Outcome;
import io.whimbrel.broker.Traces;
import io.whimbrel.broker.Traces.Leg;
import io.whimbrel.model.Topic;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTracesTest {
    private static final Topic BIRDS = new Topic("birds");
    private static final long HOUR = Traces.KEPT_FOR.toMillis();

    private long nowMillis;
    private final MemoryTraces traces = new MemoryTraces(() -> Instant.ofEpochMilli(nowMillis));

    @Test
    void aTraceIsKeptForAnHourAfterTheLastOfIt() {
        traces.append(List.of(leg("early"), leg("late")));
        nowMillis = HOUR / 2;
        traces.append(List.of(leg("late")));
        traces.find("early");

        nowMillis = HOUR;

        assertThat(traces.find("early")).isEmpty();
        assertThat(traces.find("late")).isPresent();
        assertThat(traces.recent(BIRDS)).isNotEmpty();
        nowMillis += HOUR / 2;
        assertThat(traces.find("late")).isEmpty();
        assertThat(traces.recent(BIRDS)).isEmpty();
    }

    private Leg leg(String id) {
        return new Leg(id, BIRDS, null, null, true, List.of(new Hop(nowMillis, "web", Outcome.ACCEPTED, "")));
    }
}
