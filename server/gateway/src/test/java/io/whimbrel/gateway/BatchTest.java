package io.whimbrel.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchTest {
    private final Session session = TestGateway.session();
    private final List<String> told = new ArrayList<>();

    @Test
    void theNewestFrameAloneIsFollowedByThoseWhoFollowIt() {
        Batch batch = twoFrames();

        batch.newest().onWritten(session);

        assertThat(told).containsExactly("second", "also second");
        batch.end();
    }

    @Test
    void framesThatAreLaidTogetherAreFollowedByAll() {
        Batch batch = twoFrames();
        Batch together = new Batch(Unpooled.buffer(), OutboxRule.DISCONNECT);

        together.append(batch);
        together.onWritten(session);
        together.newest().onWritten(session);

        assertThat(told).containsExactly("first", "second", "also second", "second", "also second");
        batch.end();
        together.end();
    }

    @Test
    void aFrameNobodyFollowsIsNotFollowedByThoseOfTheOneBefore() {
        Batch batch = twoFrames();
        batch.nextFrame().writeByte(3);

        batch.newest().onWritten(session);

        assertThat(told).isEmpty();
        batch.end();
    }

    private Batch twoFrames() {
        Batch batch = new Batch(Unpooled.buffer(), OutboxRule.LATEST);
        batch.nextFrame().writeByte(1);
        batch.track(_ -> told.add("first"));
        batch.nextFrame().writeByte(2);
        batch.track(_ -> told.add("second"));
        batch.track(_ -> told.add("also second"));
        return batch;
    }
}
