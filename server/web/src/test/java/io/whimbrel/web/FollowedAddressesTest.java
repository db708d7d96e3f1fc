package io.whimbrel.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.broker.Broker;
import io.whimbrel.broker.memory.MemoryNetwork;
import io.whimbrel.model.Address;
import io.whimbrel.model.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FollowedAddressesTest {
    private final MemoryNetwork network = new MemoryNetwork();
    private volatile Instant now = Instant.now();

    @Test
    void anAddressIsFollowedOnAllServersUntilItsTimeIsOver() throws Exception {
        FollowedAddresses here = newServer();
        FollowedAddresses there = newServer();
        Address address = Address.random();

        here.follow(address, Duration.ofSeconds(60)).toCompletableFuture().get(10, TimeUnit.SECONDS);

        await().until(() -> here.contain(Topic.of(address)) && there.contain(Topic.of(address)));
        await().until(() -> newServer().contain(Topic.of(address)));
        assertThat(here.contain(Topic.of(Address.random()))).isFalse();
        assertThat(here.contain(new Topic(address.toString()))).isFalse();
        now = now.plusSeconds(61);
        assertThat(here.contain(Topic.of(address))).isFalse();
    }

    @Test
    void manyThatHaveEndedAreForgotten() throws Exception {
        FollowedAddresses here = newServer();
        for (int i = 0; i < 5_000; i++) {
            here.follow(Address.random(), Duration.ZERO).toCompletableFuture().get(10, TimeUnit.SECONDS);
        }

        await().until(() -> here.size() <= 1_000);
    }

    private FollowedAddresses newServer() {
        return new FollowedAddresses(network.join(Broker.Listener.NONE).notices(), () -> now).start();
    }
}
