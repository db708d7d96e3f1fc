package io.whimbrel.broker.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.broker.Receipts;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryReceiptsTest {
    private static final Duration HALF = Receipts.KEPT_FOR.dividedBy(2);

    private Instant now = Instant.EPOCH.plus(Duration.ofDays(1));
    private final MemoryReceipts receipts = new MemoryReceipts(() -> now);

    @Test
    void aReceiptIsFoundForItsTimeAfterTheLastThatWasToldAndNoLonger() {
        open("one");
        now = now.plus(HALF);
        receipts.report(List.of(new Receipts.Count("one", "node", null, 1, 1, 0)));

        now = now.plus(Receipts.KEPT_FOR).minusMillis(1);
        boolean before = receipts.find("one").isPresent();
        now = now.plusMillis(1);

        assertThat(before).isTrue();
        assertThat(receipts.find("one")).isEmpty();
    }

    @Test
    void toLookForAReceiptDoesNotKeepIt() {
        open("one");
        now = now.plus(HALF);
        open("other");
        receipts.find("one");

        now = now.plus(HALF);

        assertThat(receipts.find("one")).isEmpty();
        assertThat(receipts.find("other")).isPresent();
    }

    @Test
    void aClockThatJumpsBackKeepsWhatWasThereThatMuchLongerAndWhatComesNotLonger() {
        open("before");
        now = now.minus(HALF);
        open("after");

        now = now.plus(Receipts.KEPT_FOR);

        assertThat(receipts.find("before")).isPresent();
        assertThat(receipts.find("after")).isEmpty();
        now = now.plus(HALF);
        assertThat(receipts.find("before")).isEmpty();
    }

    @Test
    void aClockThatJumpsFarAheadEndsAll() {
        open("one");
        now = now.plus(Duration.ofDays(400));

        assertThat(receipts.find("one")).isEmpty();
        open("other");
        assertThat(receipts.find("other")).isPresent();
    }

    private void open(String id) {
        receipts.open(new Publication(id, new Topic("birds"), 1, null, "{}".getBytes(UTF_8)));
    }
}
