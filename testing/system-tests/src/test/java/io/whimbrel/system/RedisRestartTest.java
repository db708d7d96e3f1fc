package io.whimbrel.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.whimbrel.system.Recipient.Habit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redis ends, in order or not, with its data or without it, and clients have every message once or are told. */
@Tag("story")
class RedisRestartTest {
    private static final int CROWD = 60;
    private static final int PER_SECOND = 300;
    private static final int MESSAGES = 900;
    private static final String ALWAYS = """
        bind 127.0.0.1 -::1
        save ""
        appendonly yes
        appendfsync always
        """;

    private static final String SNAPSHOTS = """
        bind 127.0.0.1 -::1
        save 3600 1
        appendonly no
        """;

    @TempDir
    private static Path folder;

    private static Town town;
    private static Backend backend;
    /** Whether Redis runs without a file of ours. */
    private static boolean usual = true;

    @BeforeAll
    static void start() throws Exception {
        town = new Town(folder);
        town.webSettings.add(Backend.SETTING);
        town.gatewaySettings.add("--gateway.history.check=1s");
        town.start(1);
        backend = town.backend();
    }

    @AfterAll
    static void stop() throws Exception {
        town.close();
    }

    /** Cuts connections all the while, one after the other; their clients come back at once. */
    private static final class Cutter implements AutoCloseable {
        private static final long EVERY_MILLIS = 20;

        private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

        Cutter(List<Recipient> recipients, long seed) {
            Random random = new Random(seed);
            var _ = clock.scheduleAtFixedRate(
                    () -> {
                        Recipient cut = recipients.get(random.nextInt(recipients.size()));
                        cut.goAway();
                        cut.come();
                    },
                    EVERY_MILLIS,
                    EVERY_MILLIS,
                    TimeUnit.MILLISECONDS);
        }

        @Override
        public void close() {
            clock.close();
        }
    }

    /** How Redis is made to go and come back. */
    private interface Breakage {
        void happen() throws Exception;
    }

    @Test
    void aRedisThatIsStoppedInOrderLosesNothing() throws Exception {
        breakUnderLoad(RedisRestartTest::restartRedis);
    }

    @Test
    void aRedisThatIsKilledLosesNothingWhereItAlwaysWrites() throws Exception {
        restartRedisWith(ALWAYS);
        assertThat(redis("CONFIG", "GET", "appendfsync")).contains("always");

        breakUnderLoad(() -> town.redisServer().destroyForcibly()); // its supervisor starts it again
    }

    private void breakUnderLoad(Breakage breakage) throws Exception {
        List<Recipient> crowd = crowd();
        long seed = System.nanoTime();
        try (Postman postman = new Postman(backend, crowd, seed)) {
            List<Recipient> there = crowd.subList(0, CROWD - CROWD / 4);
            there.forEach(Recipient::come);
            awaitAllHere(there);
            CompletableFuture<Void> delivered = postman.deliver(MESSAGES, PER_SECOND);
            try (Cutter _ = new Cutter(there, seed)) {
                await().atMost(Part.DEADLINE).until(() -> postman.accepted() > MESSAGES / 4);

                breakage.happen();

                delivered.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
                awaitReadiness();
            }
            crowd.subList(CROWD - CROWD / 4, CROWD).forEach(Recipient::come);
            awaitAllHere(crowd);
            postman.deliverLastOnes();
            await().atMost(Part.DEADLINE).until(postman::allReceived);
            assertThat(postman.repetitions()).as("what Redis was not there for").isPositive();
            for (Recipient recipient : crowd) {
                recipient.assertHasExactly(postman.acceptedFor(recipient));
                if (recipient.habit() == Habit.BRINGS_POSITION) {
                    assertThat(recipient.repeated()).as(recipient.toString()).isZero();
                }
            }
        } finally {
            crowd.forEach(Recipient::close);
        }
    }

    @Test
    void aRedisThatComesBackEmptyBeginsAnewAndEverybodyHearsOfIt() throws Exception {
        loseEverything(() -> {
            String port = Integer.toString(town.redis.port());
            town.redis.close();
            try (Stream<Path> files = Files.walk(town.redisFolder().resolve("appendonlydir"))) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
            town.redis = town.startRedis(port);
            awaitReadiness();
        });
    }

    @Test
    void aRedisThatIsEmptiedBeginsAnewAndEverybodyHearsOfIt() throws Exception {
        loseEverything(() -> redis("FLUSHALL"));
    }

    /** As after a failure of the machine, or from a copy: not as far as clients have been. */
    @Test
    void aRedisThatComesBackWithOlderDataSaysSo() throws Exception {
        restartRedisWith(SNAPSHOTS);
        try (Client told = town.newClient().connectWith(town.gatewayPort(), "&acks=1");
                Client away = town.newClient().connectWith(town.gatewayPort(), "&acks=1")) {
            publishNumbers(1, 3, told, away);
            redis("SAVE");
            publishNumbers(4, 5, told, away);
            JsonNode last = lastOf(told, 5);
            JsonNode lastOfAway = lastOf(away, 5);
            away.close();

            town.redisServer().destroyForcibly();

            JsonNode notice = told.receive();
            assertThat(notice.path("recovered").asBoolean(true)).isFalse();
            assertThat(notice.path("offset").asLong()).isEqualTo(3);
            assertThat(notice.path("epoch")).isNotEqualTo(last.path("epoch"));
            awaitReadiness(); // the web server has its own connection to get back
            for (Client client : List.of(told, away)) { // as far as clients were before, and further
                publishNumbers(6, 9, client);
            }
            assertThat(lastOf(told, 4).path("message").asInt()).isEqualTo(9);
            try (Client back = away.tab().connectWith(town.gatewayPort(), position(lastOfAway))) {
                assertThat(back.receive().path("recovered").asBoolean(true)).isFalse();
                assertThat(lastOf(back, 4).path("message").asInt()).isEqualTo(9);
                assertThat(back.waiting()).isZero();
            }
        }
    }

    private static void publishNumbers(int from, int to, Client... clients) throws Exception {
        for (Client client : clients) {
            for (int i = from; i <= to; i++) {
                backend.publish(client.address(), Integer.toString(i));
            }
        }
    }

    private static JsonNode lastOf(Client client, int count) throws Exception {
        JsonNode last = client.receive();
        for (int i = 1; i < count; i++) {
            last = client.receive();
        }
        return last;
    }

    private static void restartRedisWith(String conf) throws Exception {
        Path file = Files.writeString(folder.resolve("redis.conf"), conf);
        restartRedis("--redis.conf=" + file);
        awaitReadiness();
        usual = false;
    }

    private static void restartRedis(String... settings) throws Exception {
        String port = Integer.toString(town.redis.port());
        town.redis.close();
        town.redis = town.startRedis(port, settings);
    }

    @BeforeEach
    void beginWithTheUsualRedis() throws Exception {
        if (!usual) {
            restartRedis();
            awaitReadiness();
            usual = true;
        }
    }

    private void loseEverything(Breakage breakage) throws Exception {
        Client away = town.newClient();
        Client silentAway = town.newClient();
        JsonNode old = receiveOne(away, "&acks=1");
        JsonNode oldOfSilent = receiveOne(silentAway, "");
        away.close();
        silentAway.close();
        try (Client told = town.newClient();
                Client untold = town.newClient();
                Client first = town.newClient()) {
            receiveOne(told, "&acks=1");
            receiveOne(untold, "");
            backend.publish(first.address(), "\"lost, since nobody came for it\"");

            breakage.happen();

            // without any publication, by looking
            JsonNode notice = told.receive();
            assertThat(notice.path("recovered").asBoolean(true)).isFalse();
            assertThat(notice.path("offset").asLong(-1)).isZero();
            for (Client client : List.of(away, silentAway, told, untold, first)) {
                backend.publish(client.address(), "\"new\"");
            }
            assertNew(told.receive(), notice.path("epoch").asText());
            assertThat(untold.receive().path("message").asText()).isEqualTo("new");
            try (Client back = away.tab().connectWith(town.gatewayPort(), position(old));
                    Client silentBack = silentAway.tab().connect(town.gatewayPort())) {
                first.connect(town.gatewayPort());
                JsonNode tellsBack = back.receive();
                assertThat(tellsBack.path("recovered").asBoolean(true)).isFalse();
                assertThat(tellsBack.path("epoch").asText())
                        .isNotEqualTo(old.path("epoch").asText());
                assertNew(back.receive(), tellsBack.path("epoch").asText());
                JsonNode newOfSilent = silentBack.receive();
                assertThat(newOfSilent.path("epoch").asText())
                        .isNotEqualTo(oldOfSilent.path("epoch").asText());
                assertNew(newOfSilent, newOfSilent.path("epoch").asText());
                assertThat(first.receive().path("message").asText()).isEqualTo("new");

                List<Client> all = List.of(back, silentBack, told, untold, first);
                for (Client client : all) {
                    backend.publish(client.address(), "\"last\"");
                    assertThat(client.receive().path("message").asText()).isEqualTo("last");
                    assertThat(client.waiting()).isZero();
                }
            }
        }
    }

    private static JsonNode receiveOne(Client client, String saying) throws Exception {
        client.connectWith(town.gatewayPort(), saying);
        backend.publish(client.address(), "\"old\"");
        return client.receive();
    }

    private static void assertNew(JsonNode frame, String epoch) {
        assertThat(frame.path("message").asText()).isEqualTo("new");
        assertThat(frame.path("offset").asLong()).isEqualTo(1);
        assertThat(frame.path("epoch").asText()).isEqualTo(epoch);
    }

    private static String position(JsonNode frame) {
        return "&offset=%d&epoch=%s"
                .formatted(frame.path("offset").asLong(), frame.path("epoch").asText());
    }

    private static List<Recipient> crowd() throws Exception {
        List<Recipient> crowd = new ArrayList<>();
        for (int i = 0; i < CROWD; i++) {
            Habit habit = i % 2 == 0 ? Habit.BRINGS_POSITION : Habit.ACKNOWLEDGES;
            crowd.add(Recipient.of(town.newClient(), town.gatewayPorts(), habit));
        }
        return crowd;
    }

    private static void awaitAllHere(List<Recipient> recipients) {
        await().atMost(Part.DEADLINE).until(() -> recipients.stream().allMatch(Recipient::isHere));
    }

    private static void awaitReadiness() {
        town.web.awaitReadiness(200);
        town.gateways.getFirst().awaitReadiness(200);
    }

    /** Sends one command and reads what comes at once of the answer. */
    private static String redis(String... words) throws IOException {
        StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            command.append("$%d\r\n%s\r\n".formatted(word.length(), word));
        }
        try (RawSocket socket = new RawSocket(town.redis.port())) {
            socket.send(command.toString());
            return new String(socket.readSome(), US_ASCII);
        }
    }
}
