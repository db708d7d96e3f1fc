package io.whimbrel.broker.redis;

import static io.whimbrel.broker.BrokerContract.get;
import static io.whimbrel.broker.BrokerContract.publication;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.cluster.SlotHash;
import io.whimbrel.broker.Broker;
import io.whimbrel.broker.History;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.RecordingListener;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A primary of a Redis Cluster is held up, and its replica takes over. */
class ClusterFailoverTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void subscriptionsAndPublicationsFollowTheReplicaThatTakesOver() throws Exception {
        RecordingListener listener = new RecordingListener();
        AtomicInteger renewals = new AtomicInteger();
        Broker.Listener counting = new Broker.Listener() {
            @Override
            public void onPublication(Publication publication) {
                listener.onPublication(publication);
            }

            @Override
            public void onRenewed() {
                renewals.incrementAndGet();
            }
        };
        Topic topic = Topic.of(Address.random());
        try (RedisCluster cluster = RedisCluster.start(folder, 3, true);
                RedisBroker node = ready(cluster, counting);
                RedisBroker publisher = ready(cluster, Broker.Listener.NONE)) {
            get(node.subscribe(topic));
            String channel = TopicKeys.channel(RedisSettings.DEFAULT_KEY_PREFIX, topic);
            String plain = "plain" + channel.substring(channel.indexOf('{'));
            Queue<String> records = new ConcurrentLinkedQueue<>();
            node.listen(plain, record -> records.add(new String(record, US_ASCII)));
            Publication before = publication("before", topic);
            var known = get(publisher.publish(before)).position();
            RedisCluster.Node primary = cluster.ownerOf(SlotHash.getSlot(channel));
            cluster.awaitInSync();
            int renewedBefore = renewals.get();

            primary.signal("STOP");
            try {
                await().pollInterval(Duration.ofMillis(2))
                        .atMost(SOON)
                        .until(() -> publisher.outage().isPresent());
                await().atMost(SOON).until(() -> publisher.outage().isEmpty());
                await().atMost(SOON).until(() -> node.counters().moved.sum() > 0);
                await().atMost(SOON).until(() -> node.outage().isEmpty());
                assertThat(get(publisher.publish(publication("after", topic))).nodes())
                        .isEqualTo(1);
                await().atMost(SOON).until(() -> {
                    get(publisher.publish(plain, "record".getBytes(US_ASCII)));
                    return records.contains("record");
                });
            } finally {
                primary.signal("CONT");
            }

            await().atMost(SOON).until(() -> listener.ids().contains("after"));
            await().atMost(SOON).until(() -> renewals.get() > renewedBefore); // so that it looks for what it missed
            assertThat(node.counters().moved.sum()).isPositive();
            History history = get(node.history(topic, 0, 10));
            assertThat(history.publications()).extracting(Publication::id).containsExactly("before", "after");
            assertThat(history.standing(requireNonNull(known)))
                    .isEqualTo(new History.Standing(history.top().at(1), false)); // it might have lacked something
            await().atMost(SOON).until(() -> node.outage().isEmpty());
        }
    }

    private static RedisBroker ready(RedisCluster cluster, Broker.Listener listener) throws IOException {
        RedisSettings settings = RedisSettings.of(cluster.uri())
                .withHistory(new HistoryRules(new Retention(100, Duration.ofHours(1)), List.of()));
        RedisBroker node = RedisBroker.connect(settings, listener);
        await().atMost(SOON).untilAsserted(() -> assertThat(node.outage()).isEmpty());
        return node;
    }
}
