package io.whimbrel.system.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.whimbrel.system.chaos.Fault.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each way in which a wire is bad, between two plain sockets. */
class WireTest {
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int SHORT_MILLIS = 200;
    private static final int MUCH = 16 * 1024 * 1024;

    private ServerSocket listening;
    private Wire wire;
    private Socket near;
    private Socket far;

    @BeforeEach
    void connect() throws IOException {
        listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        wire = new Wire(listening.getLocalPort());
        near = dial();
        far = listening.accept();
        far.setSoTimeout(TIMEOUT_MILLIS);
    }

    private Socket dial() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), wire.port());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
        wire.close();
        listening.close();
    }

    private static void send(Socket from, String text) throws IOException {
        from.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private static String receive(Socket at, int bytes) throws IOException {
        return new String(at.getInputStream().readNBytes(bytes), US_ASCII);
    }

    private static int read(Socket at) throws IOException {
        try {
            return at.getInputStream().read();
        } catch (SocketException _) {
            return -1; // reset, which is an end too
        }
    }

    @Test
    void aWholeWirePassesEverythingOnInBothDirections() throws IOException {
        send(near, "there");
        send(far, "back");

        assertThat(receive(far, 5)).isEqualTo("there");
        assertThat(receive(near, 4)).isEqualTo("back");
    }

    @Test
    void anEndIsPassedOnToo() throws IOException {
        send(near, "last");
        near.close();

        assertThat(receive(far, 4)).isEqualTo("last");
        assertThat(read(far)).isEqualTo(-1);
        await().atMost(10, TimeUnit.SECONDS).until(() -> wire.connections() == 0);
    }

    @Test
    void aCutEndsConnectionsAndLetsNoneInUntilItIsHealed() throws IOException {
        wire.strike(Kind.CUT);
        assertThat(read(near)).isEqualTo(-1);
        assertThat(read(far)).isEqualTo(-1);
        try (Socket refused = dial()) {
            assertThat(read(refused)).isEqualTo(-1);
        }

        wire.heal();

        try (Socket again = dial();
                Socket farAgain = listening.accept()) {
            send(again, "x");
            assertThat(read(farAgain)).isEqualTo('x');
        }
    }

    @Test
    void aHalfOpenWireSwallowsEverythingAndEndsWhenHealed() throws IOException {
        wire.strike(Kind.HALF_OPEN);
        send(near, "into nowhere");
        send(far, "likewise");

        near.setSoTimeout(SHORT_MILLIS);
        far.setSoTimeout(SHORT_MILLIS);
        assertThatThrownBy(() -> receive(far, 1)).isInstanceOf(SocketTimeoutException.class);
        assertThatThrownBy(() -> receive(near, 1)).isInstanceOf(SocketTimeoutException.class);

        wire.heal();
        near.setSoTimeout(TIMEOUT_MILLIS);
        assertThat(read(near)).isEqualTo(-1);
    }

    @Test
    void aHalvedWirePassesHalfOnAndEnds() throws IOException {
        wire.strike(Kind.HALVE);

        send(near, "12345678");

        assertThat(receive(far, 8)).isEqualTo("1234");
        assertThat(read(near)).isEqualTo(-1);
    }

    @Test
    void aDelayedWireKeepsTheOrder() throws IOException {
        wire.strike(Kind.DELAY);
        long before = System.nanoTime();
        send(near, "first ");
        assertThat(receive(far, 6)).isEqualTo("first ");
        long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        send(near, "second ");

        wire.heal();
        send(near, "third");

        assertThat(receive(far, 12)).isEqualTo("second third");
        assertThat(tookMillis).isGreaterThanOrEqualTo(250);
    }

    @Test
    void nothingOvertakesWhenADelayIsHealed() throws Exception {
        int numbers = 2_000;
        Thread sender = Thread.ofVirtual().start(() -> {
            try {
                for (int i = 0; i < numbers; i++) {
                    if (i % 500 == 0) {
                        wire.strike(Kind.DELAY);
                    } else if (i % 500 == 250) {
                        wire.heal();
                    }
                    send(near, "%08d".formatted(i));
                }
            } catch (IOException _) {
                // then not everything comes, and the test fails
            }
        });

        for (int i = 0; i < numbers; i++) {
            assertThat(receive(far, 8)).isEqualTo("%08d".formatted(i));
        }
        assertThat(sender.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aThrottledWireLetsTheSenderWait() throws IOException {
        wire.strike(Kind.THROTTLE);
        long before = System.nanoTime();
        send(near, "x".repeat(4 * 1024));

        receive(far, 4 * 1024);

        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before)).isGreaterThan(100);
    }

    @Test
    void whoDoesNotReadIsFeltOnTheOtherSide() throws Exception {
        Thread sender = Thread.ofVirtual().start(() -> {
            try {
                far.getOutputStream().write(new byte[MUCH]);
            } catch (IOException _) {
                // closed at the end of the test
            }
        });

        boolean sentAll = sender.join(Duration.ofSeconds(1));
        byte[] all = near.getInputStream().readNBytes(MUCH);

        assertThat(sentAll).isFalse();
        assertThat(all).hasSize(MUCH);
        assertThat(sender.join(Duration.ofSeconds(10))).isTrue();
    }
}
