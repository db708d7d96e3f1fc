package io.whimbrel.gateway;

import static io.whimbrel.gateway.FakeVerifier.tokenOf;
import static io.whimbrel.gateway.RawClient.upgrade;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.broker.Hop;
import io.whimbrel.broker.Outcome;
import io.whimbrel.model.Address;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;
import io.whimbrel.model.PublicationId;
import io.whimbrel.model.Topic;
import io.whimbrel.model.Tracking;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What a gateway writes down of traced publications: where they went, and why not. */
class TraceTest extends KeptTopics {
    private static final Tracking TRACED = new Tracking(false, null, true, null);
    private static final Topic PRICES = new Topic("prices");
    /** Seen in no trace. */
    private static final byte[] SMALL = "\"the secret payload\"".getBytes(UTF_8);

    private static final byte[] LARGE = ("\"" + "x".repeat(60_000) + "\"").getBytes(UTF_8);

    @Test
    void aPublicationIsFollowedToTheClientThatHasIt() throws Exception {
        try (RawClient raw = open(null)) {
            Publication traced = traced(Topic.of(client), SMALL);
            publish(traced);
            offsets(raw, 1);
            awaitHop(traced, Outcome.WRITTEN);

            raw.send(ClientFrames.text("{\"ack\":1}"));

            Hop acknowledged = awaitHop(traced, Outcome.ACKNOWLEDGED);
            assertThat(whats(traced)).containsExactly("received", "given to sessions", "written", "acknowledged");
            assertThat(hop(traced, Outcome.GIVEN).orElseThrow().detail()).isEqualTo("1 session");
            assertThat(acknowledged.detail()).matches("session [0-9a-f]{1,8}");
            assertThat(hop(traced, Outcome.WRITTEN).orElseThrow().detail()).isEqualTo(acknowledged.detail());
            assertThat(hops(traced)).allSatisfy(hop -> {
                assertThat(hop.node()).startsWith("gateway@").contains(":" + gateway.port() + "/");
                assertThat(hop.detail()).doesNotContain("secret", tokenOf(client));
            });
        }
    }

    @Test
    void manySessionsAreOneHopAndFewAreNamed() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(open(null));
        }
        Publication traced = traced(Topic.of(client), SMALL);

        publish(traced);
        for (RawClient each : clients) {
            offsets(each, 1);
        }

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(count(traced, Outcome.WRITTEN)).isEqualTo(clients.size()));
        assertThat(count(traced, Outcome.GIVEN)).isEqualTo(clients.size());
        assertThat(hops(traced)).hasSizeLessThan(clients.size());
        for (RawClient each : clients) {
            each.close();
        }
    }

    @Test
    void aTopicWithoutSessionsSaysNobodyConnected() throws Exception {
        Publication traced = traced(new Topic("nobody here"), SMALL);

        listener.get().onPublication(traced);

        assertThat(awaitHop(traced, Outcome.NOBODY).detail()).isEqualTo("no session of this gateway has the topic");
        assertThat(whats(traced)).containsExactly("nobody connected");
    }

    @Test
    void aTopicThatIsStillSubscribedButHasNoSessionSaysNobodyConnected() throws Exception {
        Address reader = readerOf(PRICES);
        try (RawClient raw = RawClient.open(gateway.port(), tokenOf(reader))) {
            assertThat(raw).isNotNull();
        }
        await().atMost(SOON)
                .until(() -> metrics.get("whimbrel.gateway.sessions").gauge().value() == 0);
        Publication traced = traced(PRICES, SMALL);

        publisher.publish(traced);

        awaitHop(traced, Outcome.NOBODY);
        assertThat(whats(traced)).containsExactly("received", "nobody connected");
    }

    @Test
    void whoComesLaterIsSeenToBeSentIt() throws Exception {
        Publication traced = traced(Topic.of(client), SMALL);
        Position before = publish(1, 1);
        publish(traced);
        publish(3, 3);

        try (RawClient fromCursor = open(null);
                RawClient fromPosition = open(before)) {
            offsets(fromCursor, 3);
            offsets(fromPosition, 2);
            await().atMost(SOON).until(() -> count(traced, Outcome.WRITTEN) == 2);
        }

        assertThat(details(traced, Outcome.REPLAYED))
                .anyMatch(it -> it.contains(" from its cursor"))
                .anyMatch(it -> it.contains(" from its position"));
        assertThat(whats(traced)).doesNotContain("given to sessions", "received");
    }

    @Test
    void aClientThatDoesNotReadIsClosedAndTheTraceSaysSo() throws Exception {
        restart(settings -> settings.withLimits(limits(64 * 1024, 1 << 26)));
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(null)));
            Publication last = traced(Topic.of(client), LARGE);
            while (metrics.get("whimbrel.gateway.closes")
                            .tag("reason", "slow")
                            .functionCounter()
                            .count()
                    == 0) {
                last = traced(Topic.of(client), LARGE);
                publish(last);
                awaitHop(last, Outcome.GIVEN);
            }

            assertThat(awaitHop(last, Outcome.CLOSED_SLOW).detail()).matches("session [0-9a-f]{1,8}");
            assertThat(whats(last)).contains("outbox full, closed 3008").doesNotContain("written");
        }
    }

    @Test
    void whatWaitedForAConnectionThatEndedIsSaidToHave() throws Exception {
        Publication last = traced(Topic.of(client), LARGE);
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade(target(null)));
            while (metrics.get("whimbrel.gateway.outbox.bytes").gauge().value() < 2 * LARGE.length) {
                last = traced(Topic.of(client), LARGE);
                publish(last);
                awaitHop(last, Outcome.GIVEN);
            }
        }

        assertThat(awaitHop(last, Outcome.CUT).detail())
                .matches("session [0-9a-f]{1,8}, before its socket had taken all");
        assertThat(whats(last)).doesNotContain("written");
    }

    @Test
    void whatARuleDropsIsSaidToBeDropped() throws Exception {
        restart(settings -> settings.withLimits(limits(128 * 1024, 1 << 26))
                .withOutboxRules(OutboxRules.parse(List.of("prices=drop-oldest"))));
        Address reader = readerOf(PRICES);
        try (RawClient raw = new RawClient(gateway.port(), 4096)) {
            raw.exchange(upgrade("/ws?token=" + tokenOf(reader)));
            List<Publication> published = new ArrayList<>();
            while (metric("whimbrel.gateway.outbox.dropped") == 0) {
                Publication traced = traced(PRICES, LARGE);
                published.add(traced);
                publisher.publish(traced).toCompletableFuture().get(10, TimeUnit.SECONDS);
                awaitHop(traced, Outcome.GIVEN);
            }

            await().atMost(SOON)
                    .until(() -> published.stream()
                            .anyMatch(each -> hop(each, Outcome.DROPPED).isPresent()));
            Publication dropped = published.stream()
                    .filter(each -> hop(each, Outcome.DROPPED).isPresent())
                    .findFirst()
                    .orElseThrow();
            assertThat(whats(dropped)).contains("dropped by rule").doesNotContain("written");
        }
    }

    @Test
    void aFullInboxIsSaidToBeFull() throws Exception {
        restart(settings -> settings.withLimits(limits(1 << 20, 1024)));
        try (RawClient raw = open(null)) {
            Publication traced = traced(Topic.of(client), LARGE);

            publish(traced);

            awaitHop(traced, Outcome.INBOX_FULL);
            assertThat(whats(traced)).containsExactly("received", "inbox full");
            assertThat(raw).isNotNull();
        }
    }

    @Test
    void whatComesASecondTimeIsADuplicate() throws Exception {
        try (RawClient raw = open(null)) {
            Publication traced = traced(Topic.of(client), SMALL);
            Position position = publish(traced);
            offsets(raw, 1);

            listener.get().onPublication(traced.at(position));

            awaitHop(traced, Outcome.DUPLICATE);
            assertThat(count(traced, Outcome.WRITTEN)).isEqualTo(1);
        }
    }

    @Test
    void whatComesBehindAGapWaitsForWhatIsMissing() throws Exception {
        try (RawClient raw = open(null)) {
            publish(1, 1);
            loses = publication -> publication.id().equals("m2");
            publish(2, 2);
            Publication traced = traced(Topic.of(client), SMALL);

            publish(traced);

            assertThat(offsets(raw, 3)).isEqualTo(range(1, 3));
            awaitHop(traced, Outcome.WRITTEN);
            assertThat(whats(traced))
                    .containsExactlyInAnyOrder(
                            "received", "comes with what was missed", "given to sessions", "written");
        }
    }

    @Test
    void whatAsksForNothingIsNotFollowed() throws Exception {
        try (RawClient raw = open(null)) {
            Position position = publish(1, 1);
            offsets(raw, 1);
            publish(publication(2).tracked(new Tracking(false, null, false, "00-trace-span-01")));
            offsets(raw, 1);
            Publication traced = traced(Topic.of(client), SMALL);
            publish(traced);
            awaitHop(traced, Outcome.WRITTEN);

            assertThat(position.offset()).isEqualTo(1);
            assertThat(metrics.get("whimbrel.gateway.receipts").gauge().value()).isEqualTo(1);
            assertThat(find("m1")).isEmpty();
            assertThat(find("m2")).isEmpty();
        }
    }

    private void restart(Function<GatewaySettings, GatewaySettings> change) throws IOException {
        gateway.stop();
        metrics.clear();
        start(change.apply(TestGateway.settings()));
    }

    private static GatewaySettings.Limits limits(int outboxMaxBytes, long inboxMaxBytes) {
        return new GatewaySettings.Limits(100, 65_536, outboxMaxBytes, 10_000, 1 << 28, inboxMaxBytes, 65_536);
    }

    private Address readerOf(Topic topic) {
        Address reader = Address.random();
        verifier.answer(tokenOf(reader), new TokenVerdict.Valid(reader, TokenVerdict.Valid.NEVER, List.of(topic)));
        return reader;
    }

    private static Publication traced(Topic topic, byte[] payload) {
        return new Publication(PublicationId.next(7), topic, 7, null, payload).tracked(TRACED);
    }

    private Hop awaitHop(Publication of, Outcome outcome) {
        return await().pollInterval(Duration.ofMillis(2))
                .atMost(SOON)
                .until(() -> hop(of, outcome), Optional::isPresent)
                .orElseThrow();
    }

    private Optional<Hop> hop(Publication of, Outcome outcome) {
        return hops(of).stream().filter(hop -> hop.is(outcome)).findFirst();
    }

    private List<String> whats(Publication of) {
        return hops(of).stream().map(Hop::what).toList();
    }

    private List<String> details(Publication of, Outcome outcome) {
        return hops(of).stream().filter(hop -> hop.is(outcome)).map(Hop::detail).toList();
    }

    /** Sessions of all hops with that outcome together. */
    private int count(Publication of, Outcome outcome) {
        return details(of, outcome).stream().mapToInt(TraceTest::sessions).sum();
    }

    private static int sessions(String detail) {
        return Character.isDigit(detail.charAt(0))
                ? Integer.parseInt(detail.substring(0, detail.indexOf(' ')))
                : detail.split(", ", -1).length;
    }

    private List<Hop> hops(Publication of) {
        return find(of.id());
    }

    private List<Hop> find(String id) {
        return Objects.requireNonNull(publisher
                .traces()
                .find(id)
                .toCompletableFuture()
                .join()
                .map(io.whimbrel.broker.Trace::hops)
                .orElse(List.of()));
    }
}
