package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What every {@link Socket} must do, seen from both ends of a real connection. */
abstract class SocketContract {
    /** More than the buffers between two sockets take while nobody reads. */
    private static final int MUCH = 16 * 1024 * 1024;

    /** The peer's end, connected; what {@link #socket} stands for is the other end. */
    protected abstract java.net.Socket peer() throws Exception;

    protected abstract Socket socket();

    /** Where the socket's methods are called. */
    protected abstract Executor loop();

    protected final RecordingOwner owner = new RecordingOwner();

    /** Counts what a socket tells. */
    static final class RecordingOwner implements Socket.Owner {
        final AtomicLong bytes = new AtomicLong();
        final AtomicInteger writable = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();

        @Override
        public void onBytes(ByteBuf received) {
            bytes.addAndGet(received.readableBytes());
            received.release();
        }

        @Override
        public void onWritable() {
            writable.incrementAndGet();
        }

        @Override
        public void onClosed() {
            closed.incrementAndGet();
        }
    }

    @Test
    void whatIsWrittenArrivesInOrder() throws Exception {
        java.net.Socket peer = peer();

        boolean room = onLoop(() -> write("one ") && write("two ") && write("three"));

        assertThat(room).isTrue();
        assertThat(new String(peer.getInputStream().readNBytes(13), UTF_8)).isEqualTo("one two three");
        assertThat(onLoop(socket()::pendingBytes)).isZero();
    }

    @Test
    void theCallerKeepsItsHold() throws Exception {
        java.net.Socket peer = peer();
        ByteBuf shared = Unpooled.directBuffer().writeBytes(new byte[] {1, 2, 3});

        onLoop(() -> socket().write(shared));
        onLoop(() -> socket().write(shared));

        assertThat(peer.getInputStream().readNBytes(6)).containsExactly(1, 2, 3, 1, 2, 3);
        await().untilAsserted(() -> assertThat(shared.refCnt()).isEqualTo(1));
        shared.release();
    }

    @Test
    void aReaderThatStopsFillsItAndOneThatGoesOnMakesRoom() throws Exception {
        java.net.Socket peer = peer();
        ByteBuf much = Unpooled.directBuffer(MUCH).writeZero(MUCH);

        boolean room = onLoop(() -> socket().write(much));
        assertThat(room).isFalse();
        assertThat(onLoop(socket()::pendingBytes)).isPositive();
        onLoop(() -> write("!"));
        assertThat(owner.writable).hasValue(0);
        byte[] read = peer.getInputStream().readNBytes(MUCH + 1);

        assertThat(read[MUCH]).isEqualTo((byte) '!');
        await().untilAsserted(() -> assertThat(owner.writable).hasPositiveValue());
        assertThat(onLoop(socket()::pendingBytes)).isZero();
        await().untilAsserted(() -> assertThat(much.refCnt()).isEqualTo(1));
        much.release();
    }

    @Test
    void whatTheSystemDidNotTakeIsKnownWhenTheConnectionIsGone() throws Exception {
        java.net.Socket peer = peer();
        ByteBuf much = Unpooled.directBuffer(MUCH).writeZero(MUCH);
        onLoop(() -> socket().write(much));
        much.release();
        peer.getInputStream().readNBytes(MUCH / 16);
        onLoop(() -> {
            socket().abort();
            return true;
        });
        await().untilAsserted(() -> assertThat(owner.closed).hasValue(1));

        int unsent = onLoop(socket()::unsentBytes);
        int received = MUCH / 16 + peer.getInputStream().readAllBytes().length;

        assertThat(unsent).isPositive();
        assertThat(received).isGreaterThanOrEqualTo(MUCH - unsent);
    }

    @Test
    void whatThePeerSendsIsHandedOn() throws Exception {
        peer().getOutputStream().write(new byte[100_000]);

        await().untilAsserted(() -> assertThat(owner.bytes).hasValue(100_000));
    }

    @Test
    void aPeerIsNotReadWhileReadingIsPaused() throws Exception {
        java.net.Socket peer = peer();
        onLoop(() -> {
            socket().pauseReading();
            return true;
        });
        Thread sender = Thread.ofPlatform().daemon().start(() -> {
            try {
                peer.getOutputStream().write(new byte[MUCH]);
            } catch (IOException _) {
                // The end of the test.
            }
        });
        await().until(() -> sender.getState() != Thread.State.NEW);

        assertThat(owner.bytes.get()).isLessThan(MUCH);
        onLoop(() -> {
            socket().resumeReading();
            return true;
        });

        await().untilAsserted(() -> assertThat(owner.bytes).hasValue(MUCH));
    }

    @Test
    void itEndsBehindAllThatWasWritten() throws Exception {
        java.net.Socket peer = peer();
        ByteBuf much = Unpooled.directBuffer(MUCH).writeZero(MUCH);

        onLoop(() -> socket().write(much));
        much.release();
        onLoop(() -> {
            socket().closeWhenSent();
            return true;
        });

        assertThat(peer.getInputStream().readNBytes(MUCH)).hasSize(MUCH);
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
        await().untilAsserted(() -> assertThat(owner.closed).hasValue(1));
    }

    @Test
    void whatItsOwnerWroteBeforeFinishingArrivesWhole() throws Exception {
        java.net.Socket peer = peer();

        onLoop(() -> {
            write("bye");
            socket().finish();
            return true;
        });

        assertThat(new String(peer.getInputStream().readNBytes(3), UTF_8)).isEqualTo("bye");
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
        peer.close();
        await().untilAsserted(() -> assertThat(owner.closed).hasValue(1));
    }

    @Test
    void abortingEndsItAtOnceWhateverWaits() throws Exception {
        java.net.Socket peer = peer();
        ByteBuf much = Unpooled.directBuffer(MUCH).writeZero(MUCH);
        onLoop(() -> socket().write(much));

        onLoop(() -> {
            socket().abort();
            return true;
        });

        await().untilAsserted(() -> assertThat(owner.closed).hasValue(1));
        await().untilAsserted(() -> assertThat(much.refCnt()).isEqualTo(1));
        much.release();
        assertThat(readToTheEnd(peer)).isLessThan(MUCH);
    }

    @Test
    void aPeerThatIsGoneIsToldOnceAndWritingToItIsHarmless() throws Exception {
        java.net.Socket peer = peer();
        peer.setSoLinger(true, 0);
        peer.close();

        for (int i = 0; i < 10; i++) {
            onLoop(() -> write("anybody there?"));
        }

        await().untilAsserted(() -> assertThat(owner.closed).hasValue(1));
        assertThat(onLoop(() -> write("still harmless"))).isFalse();
    }

    private boolean write(String text) {
        ByteBuf bytes = Unpooled.directBuffer().writeBytes(text.getBytes(UTF_8));
        boolean room = socket().write(bytes);
        bytes.release();
        return room;
    }

    private static long readToTheEnd(java.net.Socket peer) throws IOException {
        InputStream in = peer.getInputStream();
        byte[] buffer = new byte[65_536];
        long all = 0;
        try {
            for (int n; (n = in.read(buffer)) > 0; ) {
                all += n;
            }
        } catch (SocketException _) {
            // A reset is an end, too.
        }
        return all;
    }

    private <T> T onLoop(Callable<T> call) throws Exception {
        var task = new java.util.concurrent.FutureTask<>(call);
        loop().execute(task);
        return task.get(10, java.util.concurrent.TimeUnit.SECONDS);
    }
}
