package io.whimbrel.broker.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.BrokerContract;
import io.whimbrel.broker.BrokerUnavailableException;
import io.whimbrel.model.Topic;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MemoryBrokerTest extends BrokerContract {
    private static final Topic BIRDS = new Topic("birds");

    private final MemoryNetwork network = new MemoryNetwork();

    @Override
    protected Broker join(Broker.Listener listener) {
        return network.join(listener);
    }

    @Test
    void publishingFailsWhenTheQueueIsFull() throws Exception {
        CountDownLatch delivering = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Broker node = new MemoryNetwork(1).join(_ -> {
            delivering.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        get(node.subscribe(BIRDS));

        CompletionStage<Integer> delivered = node.publish(publication("delivered", BIRDS));
        assertThat(delivering.await(10, TimeUnit.SECONDS)).isTrue();
        CompletionStage<Integer> waiting = node.publish(publication("waiting", BIRDS));
        CompletionStage<Integer> refused = node.publish(publication("refused", BIRDS));

        assertThat(failure(refused)).isInstanceOf(BrokerUnavailableException.class);
        assertThat(node.counters().publishFailures.sum()).isEqualTo(1);
        goOn.countDown();
        assertThat(get(delivered)).isEqualTo(1);
        assertThat(get(waiting)).isEqualTo(1);
    }

    @Test
    void aQueueWithoutRoomIsRefused() {
        assertThatThrownBy(() -> new MemoryNetwork(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
