package io.whimbrel.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchTest {
    private final List<String> told = new ArrayList<>();

    @Test
    void theNewestFrameAloneIsFollowedByThoseWhoFollowIt() {
        Batch batch = twoFrames();

        batch.newest().onWritten();

        assertThat(told).containsExactly("second", "also second");
        batch.end();
    }

    @Test
    void framesThatAreLaidTogetherAreFollowedByAll() {
        Batch batch = twoFrames();
        Batch together = new Batch(Unpooled.buffer(), OutboxRule.DISCONNECT);

        together.append(batch);
        together.onWritten();
        together.newest().onWritten();

        assertThat(told).containsExactly("first", "second", "also second", "second", "also second");
        batch.end();
        together.end();
    }

    @Test
    void aFrameNobodyFollowsIsNotFollowedByThoseOfTheOneBefore() {
        Batch batch = twoFrames();
        batch.nextFrame().writeByte(3);

        batch.newest().onWritten();

        assertThat(told).isEmpty();
        batch.end();
    }

    private Batch twoFrames() {
        Batch batch = new Batch(Unpooled.buffer(), OutboxRule.LATEST);
        batch.nextFrame().writeByte(1);
        batch.track(() -> told.add("first"));
        batch.nextFrame().writeByte(2);
        batch.track(() -> told.add("second"));
        batch.track(() -> told.add("also second"));
        return batch;
    }
}
