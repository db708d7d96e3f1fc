package io.whimbrel.broker.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerContract;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Notice;
import io.whimbrel.broker.Published;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MemoryBrokerTest extends BrokerContract {
    private static final Topic BIRDS = new Topic("birds");

    private volatile Duration ahead = Duration.ZERO;
    private final MemoryNetwork network = new MemoryNetwork(
            MemoryNetwork.DEFAULT_QUEUE_LIMIT, RULES, () -> Instant.now().plus(ahead));

    @Override
    protected Broker join(Broker.Listener listener) {
        return network.join(listener);
    }

    @Override
    protected void loseEverything() {
        ahead = MemoryHistories.META_TIME.plusDays(1);
    }

    @Override
    protected void fill(String kind, int count, long untilMillis) throws Exception {
        get(network.onNotices(notices -> {
            for (int i = 0; i < count; i++) {
                notices.post(new Notice(kind, "filled-" + i, "", untilMillis));
            }
            return count;
        }));
    }

    @Test
    void publishingFailsWhenTheQueueIsFull() throws Exception {
        CountDownLatch delivering = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Broker node = new MemoryNetwork(1, HistoryRules.NONE, InstantSource.system()).join(_ -> {
            delivering.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        get(node.subscribe(BIRDS));

        CompletionStage<Published> delivered = node.publish(publication("delivered", BIRDS));
        assertThat(delivering.await(10, TimeUnit.SECONDS)).isTrue();
        CompletionStage<Published> waiting = node.publish(publication("waiting", BIRDS));
        CompletionStage<Published> refused = node.publish(publication("refused", BIRDS));

        assertThat(failure(refused)).isInstanceOf(BrokerUnavailableException.class);
        assertThat(node.counters().publishFailures.sum()).isEqualTo(1);
        goOn.countDown();
        assertThat(nodes(delivered)).isEqualTo(1);
        assertThat(nodes(waiting)).isEqualTo(1);
    }

    @Test
    void aQueueWithoutRoomIsRefused() {
        assertThatThrownBy(() -> new MemoryNetwork(0, HistoryRules.NONE, InstantSource.system()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
