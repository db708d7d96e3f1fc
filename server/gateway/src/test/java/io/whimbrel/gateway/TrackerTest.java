package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.ImmediateEventExecutor;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.Receipt;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Counts of one publication in the orders in which they may come. */
class TrackerTest {
    private final Broker broker = new MemoryNetwork().join(Broker.Listener.NONE);
    private final Publication publication = new Publication(
                    PublicationId.next(7), Topic.of(Address.random()), 7, null, "0".getBytes(UTF_8))
            .tracked(new Tracking(true, null, false, null));
    private final Loop loop = TestGateway.loop(ImmediateEventExecutor.INSTANCE);
    private final Session session = TestGateway.session();
    private final Tracker tracker =
            requireNonNull(TestGateway.trackers(broker::receipts).of(publication));

    @BeforeEach
    void open() throws Exception {
        broker.receipts().open(publication).toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() {
        broker.close();
    }

    /** A session that is just coming is no subscriber when the publication comes, and is one when what it missed was read. */
    @Test
    void whoIsGivenItOnlyWhenItWasReadIsCountedThen() throws Exception {
        tracker.await(new Loop[] {loop});
        tracker.count(loop, 0);
        tracker.count(loop, 1);
        tracker.onWritten(session);
        tracker.onAcked(session);

        assertThat(counts()).containsExactly(1, 1, 1);
    }

    @Test
    void whatWasReadBeforeItCameIsNotWaitedFor() throws Exception {
        tracker.count(loop, 2);
        tracker.await(new Loop[] {loop});
        tracker.count(loop, 0);

        assertThat(counts()).containsExactly(2, 0, 0);
    }

    private List<Integer> counts() throws Exception {
        Receipt receipt = broker.receipts()
                .find(publication.id())
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .orElseThrow();
        return List.of(receipt.sessions(), receipt.written(), receipt.acked());
    }
}
