package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client over all its connections: what it received, and when it was connected. Called only on its event loop.
 */
final class Client {
    private static final long HANDSHAKE_SECONDS = 30;
    private static final long GOODBYE_SECONDS = 5;
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long LAST_BACKOFF_MILLIS = 5_000;

    private static final int PONG_HEAD = 0x8A80;
    private static final int CLOSE_HEAD = 0x8882;

    private final int index;
    private final Identity identity;
    private final Logbook logbook;
    private final Wire wire;
    private final EventLoop loop;
    private final LoopMeter meter;
    private final boolean reads;
    private final boolean comesBack;
    private final Runnable onProgress;

    private boolean placed;
    private int turn;
    private int failures;
    private long wantedSinceNanos;
    private boolean ended;
    private @Nullable Life life;
    private @Nullable Consumer<Client> onSettled;

    /**
     * @param reads whether it takes what it is sent; else it stops to once it is connected
     * @param comesBack whether it connects again after it has lost its connection, and asks for what it missed
     * @param onProgress told after each read, on the loop
     */
    Client(
            int index,
            Identity identity,
            Ledger ledger,
            Wire wire,
            LoopMeter meter,
            boolean reads,
            boolean comesBack,
            Runnable onProgress) {
        this.index = index;
        this.identity = identity;
        logbook = new Logbook(ledger);
        this.wire = wire;
        this.loop = wire.loops().of(index);
        this.meter = meter;
        this.reads = reads;
        this.comesBack = comesBack;
        this.onProgress = onProgress;
        this.turn = index;
    }

    EventLoop loop() {
        return loop;
    }

    /** @param whenSettled told once, when the first try has succeeded or failed */
    void start(Consumer<Client> whenSettled) {
        onSettled = whenSettled;
        wantedSinceNanos = Clock.nanos();
        connect();
    }

    private void connect() {
        if (ended) {
            return;
        }
        Life next = new Life();
        life = next;
        ChannelFuture connecting = wire.connectToGateway(turn, index, loop, next);
        next.channel = connecting.channel();
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                next.shakeHands();
            } else {
                next.fail(Texts.reason(done.cause()));
            }
        });
    }

    /** Cuts the TCP connection and comes back after this time. Does nothing where there is none. */
    void cut(long awayMillis) {
        Life current = life;
        if (current == null || !logbook.isHere()) {
            return;
        }
        goAway(current);
        meter.onClose("cut by the bench");
        current.channel.close();
        wantedSinceNanos = Clock.nanos() + TimeUnit.MILLISECONDS.toNanos(awayMillis);
        loop.schedule(this::connect, awayMillis, TimeUnit.MILLISECONDS);
    }

    /** It stays away for good, and its end is not counted. */
    void end() {
        ended = true;
        Life current = life;
        life = null;
        endReplay();
        if (current != null) {
            current.channel.close();
        }
    }

    Losses losses() {
        return logbook.losses();
    }

    private void goAway(Life current) {
        if (life == current) {
            life = null;
        }
        logbook.onGo(Clock.nanos());
        meter.onGone();
        endReplay();
    }

    private void endReplay() {
        long replayNanos = logbook.takeReplayNanos();
        if (replayNanos != Logbook.NOTHING) {
            meter.onReplay(replayNanos);
        }
    }

    private void onLost(Life lost, String why) {
        if (life != lost) {
            return;
        }
        goAway(lost);
        meter.onClose(why);
        wantedSinceNanos = Clock.nanos();
        comeBackLater();
    }

    /** The next gateway's turn, after a time that grows and is spread at random. */
    private void comeBackLater() {
        if (!comesBack || ended) {
            return;
        }
        turn++;
        long longest = Math.min(LAST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(failures, 10));
        failures++;
        loop.schedule(this::connect, ThreadLocalRandom.current().nextLong(longest) + 1, TimeUnit.MILLISECONDS);
    }

    private void settle() {
        Consumer<Client> listener = onSettled;
        if (listener != null) {
            onSettled = null;
            listener.accept(this);
        }
    }

    /** One connection. */
    private final class Life extends ChannelInboundHandlerAdapter implements FrameSink {
        private final FrameReader reader = new FrameReader(this, comesBack);
        private @Nullable ClientHandshake handshake = new ClientHandshake();
        private @Nullable Future<?> deadline;
        private long nowNanos;
        private int messages;

        @SuppressWarnings("NullAway.Init") // set right after the connection was asked for
        private Channel channel;

        void shakeHands() {
            if (ended) {
                channel.close();
                return;
            }
            ByteBuf request = channel.alloc().buffer();
            ClientHandshake.writeRequest(request, wire.gateway(turn), identity.token(), logbook.position());
            channel.writeAndFlush(request, channel.voidPromise());
            deadline = loop.schedule(() -> fail("no answer"), HANDSHAKE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                if (handshake != null && !finish(handshake, in)) {
                    return;
                }
                nowNanos = Clock.nanos();
                messages = 0;
                int bytes = in.readableBytes();
                reader.read(in);
                if (!placed && logbook.position() != null) {
                    placed = true;
                    meter.onPlaced();
                }
                meter.onRead(messages, bytes);
            } finally {
                in.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            onProgress.run();
        }

        private boolean finish(ClientHandshake begun, ByteBuf in) {
            if (!begun.read(in)) {
                return false;
            }
            String refusal = begun.refusal();
            if (refusal != null) {
                fail(refusal);
                return false;
            }
            stopDeadline();
            handshake = null;
            if (life != this) {
                channel.close();
                return false;
            }
            open();
            return true;
        }

        private void open() {
            long now = Clock.nanos();
            logbook.onCome(now);
            meter.onOpen();
            channel.config().setAutoRead(reads);
            failures = 0;
            if (onSettled == null) {
                meter.onComeback(now - wantedSinceNanos);
            }
            settle();
        }

        /** There will be no WebSocket. */
        private void fail(String why) {
            stopDeadline();
            channel.close();
            if (handshake == null || life != this) {
                return;
            }
            handshake = null;
            life = null;
            meter.onRefusal(why);
            settle();
            comeBackLater();
        }

        private void stopDeadline() {
            if (deadline != null) {
                deadline.cancel(false);
                deadline = null;
            }
        }

        @Override
        public void onMessage(long dueNanos, int number, @Nullable Position position) {
            messages++;
            logbook.onMessage(number, position, nowNanos);
            meter.onDelivery(dueNanos, nowNanos);
        }

        @Override
        public void onForeignMessage(@Nullable Position position) {
            logbook.onForeign(position);
        }

        @Override
        public void onNotRecovered(Position position) {
            logbook.onNotRecovered(position);
        }

        @Override
        public void onPing(ByteBuf bytes, int at, int length) {
            ByteBuf pong = channel.alloc().buffer(6 + length);
            pong.writeShort(PONG_HEAD | length);
            pong.writeInt(0); // a mask that leaves the payload as it is
            pong.writeBytes(bytes, at, length);
            channel.writeAndFlush(pong, channel.voidPromise());
        }

        /** Answers, as RFC 6455 §5.5.1 wants, and leaves closing the socket to the server. */
        @Override
        public void onClose(int code) {
            ByteBuf answer = channel.alloc().buffer(8);
            answer.writeShort(CLOSE_HEAD);
            answer.writeInt(0);
            answer.writeShort(code == FrameReader.NO_STATUS ? 1000 : code);
            channel.writeAndFlush(answer, channel.voidPromise());
            Channel closing = channel;
            loop.schedule(() -> closing.close(), GOODBYE_SECONDS, TimeUnit.SECONDS);
            onLost(this, Integer.toString(code));
        }

        @Override
        public void onViolation(String what) {
            onLost(this, "broken frames: " + what);
            channel.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (handshake == null) {
                onLost(this, "without a Close frame");
            } else {
                fail("closed during the handshake");
            }
        }

        /** A reset, after which {@link #channelInactive} comes; TLS that fails; or a fault of the bench, which must be seen. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (handshake != null) {
                fail(Texts.reason(cause));
            } else if (!(cause instanceof IOException)) {
                onLost(this, "fault of the bench: " + cause);
            }
            context.close();
        }
    }
}
