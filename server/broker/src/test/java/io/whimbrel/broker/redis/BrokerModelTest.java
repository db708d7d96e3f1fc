package io.whimbrel.broker.redis;

import static java.util.Objects.requireNonNull;
import static net.jqwik.api.Arbitraries.integers;
import static net.jqwik.api.Arbitraries.just;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.whimbrel.broker.HistoryRules;
import io.whimbrel.broker.Retention;
import io.whimbrel.model.TopicPattern;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Whatever is done to them, in whatever order, the broker on Redis does what the one in memory does. How often it is tried, and
 * how a failure is tried again: CONTRIBUTING.md.
 */
class BrokerModelTest {
    private static final int MOST_STEPS = 40;

    private static final HistoryRules RULES = new HistoryRules(
            new Retention(100, Duration.ofHours(24)),
            List.of(
                    new HistoryRules.Rule(new TopicPattern("kept*"), new Retention(3, Duration.ofMinutes(10))),
                    new HistoryRules.Rule(new TopicPattern("state"), new Retention(1, Duration.ofMinutes(3)))));

    private static @Nullable ModelRedis started;

    @BeforeContainer
    static void start() throws IOException {
        ((Logger) LoggerFactory.getLogger(RedisLink.class)).setLevel(Level.ERROR); // connections break all the time
        started = new ModelRedis(RULES);
    }

    @AfterContainer
    static void stop() throws IOException {
        if (started != null) {
            started.close();
        }
    }

    @Property(edgeCases = EdgeCasesMode.NONE, generation = GenerationMode.RANDOMIZED, shrinking = ShrinkingMode.BOUNDED)
    void redisDoesWhatMemoryDoes(@ForAll("steps") List<Step> steps) throws Exception {
        ModelRedis redis = requireNonNull(started);
        BrokerModel model = new BrokerModel(RULES, redis);
        try {
            model.run(steps);
            model.leave();
        } catch (Exception | AssertionError failure) {
            tidyUp(model, redis);
            throw failure;
        }
    }

    /** For the next run, which is to fail by itself only. */
    private static void tidyUp(BrokerModel model, ModelRedis redis) {
        redis.hurry();
        try {
            model.leave();
        } catch (Exception | AssertionError e) {
            LoggerFactory.getLogger(BrokerModelTest.class).warn("The nodes are in disorder and are replaced", e);
            redis.replaceNodes();
        }
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        return Arbitraries.<Step>frequencyOf(
                        weighed(
                                12,
                                Combinators.combine(node(), topic(), Arbitraries.of(Step.Wish.class))
                                        .as(Step.Publish::new)),
                        weighed(4, Combinators.combine(node(), topic(), upTo(5)).as(Step.Burst::new)),
                        weighed(
                                10,
                                Combinators.combine(node(), topic(), upTo(1), upTo(1), upTo(1))
                                        .as(Step.PublishOnce::new)),
                        weighed(10, Combinators.combine(node(), topic()).as(Step.Subscribe::new)),
                        weighed(4, Combinators.combine(node(), topic()).as(Step.Unsubscribe::new)),
                        weighed(
                                8,
                                Combinators.combine(node(), topic(), back(), limit())
                                        .as(Step.Read::new)),
                        weighed(6, Combinators.combine(node(), topic(), limit()).as(Step.Inbox::new)),
                        weighed(4, Combinators.combine(node(), topic()).as(Step.Latest::new)),
                        weighed(10, Combinators.combine(node(), moves()).as(Step.MoveCursors::new)),
                        weighed(
                                4,
                                Combinators.combine(node(), keptTopic().list().ofMaxSize(4))
                                        .as(Step.Tops::new)),
                        weighed(5, Combinators.combine(node(), upTo(2), topic()).as(Step.OpenReceipt::new)),
                        weighed(
                                4,
                                Combinators.combine(node(), upTo(2), upTo(2), Arbitraries.of(false, true))
                                        .as(Step.SettleReceipt::new)),
                        weighed(
                                6,
                                Combinators.combine(node(), upTo(1), integers().between(-1, 2), counts())
                                        .as(Step.Report::new)),
                        weighed(6, Combinators.combine(node(), upTo(2)).as(Step.FindReceipt::new)),
                        weighed(6, times().map(Step.TimePasses::new)),
                        weighed(2, Arbitraries.of(false, true).map(Step.Wipe::new)),
                        weighed(1, node().map(Step.Replace::new)),
                        weighed(1, just(new Step.BreakCommands())),
                        weighed(1, Combinators.combine(node(), topic()).as(Step.PublishOnceUnderFire::new)),
                        weighed(2, Combinators.combine(node(), topic(), upTo(5)).as(Step.BreakSubscriptions::new)))
                .list()
                .ofMinSize(1)
                .ofMaxSize(MOST_STEPS)
                .withSizeDistribution(RandomDistribution.uniform());
    }

    private static Tuple.Tuple2<Integer, Arbitrary<? extends Step>> weighed(
            int weight, Arbitrary<? extends Step> step) {
        return Tuple.of(weight, step);
    }

    private static Arbitrary<Integer> node() {
        return upTo(ModelSide.NODES - 1);
    }

    /** Some more often than others, so that more than one thing happens to them. */
    private static Arbitrary<Integer> topic() {
        return Arbitraries.frequency(Tuple.of(4, 0), Tuple.of(1, 1), Tuple.of(3, 2), Tuple.of(1, 3), Tuple.of(2, 4));
    }

    private static Arbitrary<Integer> keptTopic() {
        return Arbitraries.frequency(Tuple.of(4, 0), Tuple.of(1, 1), Tuple.of(3, 2), Tuple.of(1, 3));
    }

    private static Arbitrary<Integer> back() {
        return integers().between(-1, 5).withDistribution(RandomDistribution.uniform());
    }

    private static Arbitrary<Integer> limit() {
        return Arbitraries.of(0, 1, 2, 3, 100);
    }

    private static Arbitrary<Integer> upTo(int most) {
        return integers().between(0, most).withDistribution(RandomDistribution.uniform());
    }

    private static Arbitrary<List<Step.Move>> moves() {
        Arbitrary<Boolean> foreign = Arbitraries.frequency(Tuple.of(5, false), Tuple.of(1, true));
        return Combinators.combine(keptTopic(), back(), foreign)
                .as(Step.Move::new)
                .list()
                .ofMaxSize(3);
    }

    private static Arbitrary<List<Step.Counted>> counts() {
        return Combinators.combine(upTo(2), upTo(3), upTo(3), upTo(3))
                .as(Step.Counted::new)
                .list()
                .ofMaxSize(3);
    }

    /** Around the times after which something ends: 3, 5, 10 and 60 minutes, a day and 30 days. */
    private static Arbitrary<Duration> times() {
        return Arbitraries.of(
                Duration.ofMinutes(1),
                Duration.ofMinutes(4),
                Duration.ofMinutes(7),
                Duration.ofMinutes(40),
                Duration.ofHours(23),
                Duration.ofDays(29));
    }
}
