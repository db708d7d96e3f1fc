package io.whimbrel.system.chaos;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Passes TCP connections on to a port of this machine, well or badly. Little waits in it, so that who does not read is felt
 * on the other side. Safe for any thread.
 */
final class Wire implements AutoCloseable {
    private static final int BUFFER_BYTES = 32 * 1024;
    private static final int MOST_WAITING_BYTES = 64 * 1024;
    private static final long DELAY_MILLIS = 300;
    private static final long THROTTLED_BYTES_PER_SECOND = 16 * 1024;

    private enum Mode {
        WHOLE,
        REFUSES,
        DELAYS,
        THROTTLES,
        SWALLOWS
    }

    /** One thread for all wires of a run; it ends with the program. */
    private static final EventLoopGroup GROUP =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("wires", true), NioIoHandler.newFactory());

    private final int target;
    private final Channel listening;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile Mode mode = Mode.WHOLE;

    Wire(int targetPort) {
        target = targetPort;
        listening = new ServerBootstrap()
                .group(GROUP)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_SNDBUF, BUFFER_BYTES)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel near) {
                        new Connection(near).begin();
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    int connections() {
        return connections.size();
    }

    void strike(Fault.Kind kind) {
        switch (kind) {
            case CUT -> {
                mode = Mode.REFUSES;
                connections.forEach(Connection::end);
            }
            case HALVE -> connections.forEach(connection -> connection.halved = true);
            case DELAY -> mode = Mode.DELAYS;
            case THROTTLE -> mode = Mode.THROTTLES;
            case HALF_OPEN -> mode = Mode.SWALLOWS;
            case KILL_GATEWAY,
                    STOP_GATEWAY,
                    KILL_WEB,
                    STOP_WEB,
                    KILL_REDIS,
                    STOP_REDIS,
                    KILL_SENTINEL,
                    STOP_SENTINEL,
                    FAIL_OVER,
                    MOVE_SLOT,
                    FORGET_SCRIPTS,
                    DROP_CLIENTS,
                    KILL_COPIES -> throw new IllegalArgumentException(kind + " is not done to a wire");
        }
    }

    void heal() {
        mode = Mode.WHOLE;
        connections.forEach(connection -> {
            connection.halved = false;
            if (connection.swallowed) {
                connection.end();
            }
        });
    }

    @Override
    public void close() {
        listening.close().syncUninterruptibly();
        connections.forEach(Connection::end);
    }

    /** One connection through the wire. Both its channels live on one event loop. */
    private final class Connection {
        private final Channel near;
        private volatile boolean halved;
        private volatile boolean swallowed;
        private @Nullable Channel far;

        Connection(Channel near) {
            this.near = near;
        }

        void begin() {
            if (mode == Mode.REFUSES) {
                near.close();
                return;
            }
            connections.add(this);
            near.closeFuture().addListener(_ -> connections.remove(this));
            ChannelFuture connecting = new Bootstrap()
                    .group(near.eventLoop())
                    .channel(NioSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.SO_RCVBUF, BUFFER_BYTES)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new Direction(Connection.this, near));
                        }
                    })
                    .connect(InetAddress.getLoopbackAddress(), target);
            far = connecting.channel();
            near.pipeline().addLast(new Direction(this, connecting.channel()));
            connecting.addListener((ChannelFutureListener) connected -> {
                if (connected.isSuccess() && near.isActive()) {
                    near.config().setAutoRead(true);
                    connected.channel().config().setAutoRead(true);
                } else {
                    end();
                }
            });
        }

        /** Ends it when what that end was given is on its way. */
        void endBehind(Channel last) {
            last.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> end());
        }

        void end() {
            near.close();
            if (far != null) {
                far.close();
            }
        }
    }

    /** What comes of one end of a connection, on its way to the other. Used on its event loop. */
    private final class Direction extends ChannelInboundHandlerAdapter {
        private final Connection connection;
        private final Channel to;
        /** One queue, or what is sent after a delay was healed might overtake what was sent before. */
        private final ArrayDeque<Waiting> queue = new ArrayDeque<>();

        private boolean draining;
        private int waitingBytes;
        private long lastDueNanos = System.nanoTime();

        private record Waiting(ByteBuf bytes, long dueNanos) {}

        Direction(Connection connection, Channel to) {
            this.connection = connection;
            this.to = to;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            if (connection.swallowed || mode == Mode.SWALLOWS) {
                connection.swallowed = true;
                bytes.release();
            } else if (connection.halved) {
                ByteBuf half = bytes.readRetainedSlice(bytes.readableBytes() / 2);
                bytes.release();
                to.writeAndFlush(half).addListener(_ -> connection.end());
                context.channel().config().setAutoRead(false);
            } else {
                pass(context.channel(), bytes);
            }
        }

        private void pass(Channel from, ByteBuf bytes) {
            int size = bytes.readableBytes();
            long now = System.nanoTime();
            long due = mode == Mode.THROTTLES
                    ? Math.max(lastDueNanos, now) + lagNanos(size)
                    : Math.max(lastDueNanos, now + lagNanos(size));
            lastDueNanos = due;
            waitingBytes += size;
            queue.add(new Waiting(bytes, due));
            if (waitingBytes > MOST_WAITING_BYTES) {
                from.config().setAutoRead(false);
            }
            if (!draining) {
                drain(from);
            }
        }

        private void drain(Channel from) {
            draining = false;
            for (Waiting next; (next = queue.peek()) != null; ) {
                long nanos = next.dueNanos - System.nanoTime();
                if (nanos > 0) {
                    draining = true;
                    var _ = from.eventLoop().schedule(() -> drain(from), nanos, TimeUnit.NANOSECONDS);
                    return;
                }
                queue.remove();
                write(from, next.bytes);
            }
            if (!from.isActive()) {
                connection.endBehind(to);
            }
        }

        private void write(Channel from, ByteBuf bytes) {
            int size = bytes.readableBytes();
            to.writeAndFlush(bytes).addListener(_ -> {
                waitingBytes -= size;
                if (waitingBytes <= MOST_WAITING_BYTES / 2 && from.isActive()) {
                    from.config().setAutoRead(true);
                }
            });
        }

        private long lagNanos(int bytes) {
            return switch (mode) {
                case WHOLE, REFUSES, SWALLOWS -> 0;
                case DELAYS -> TimeUnit.MILLISECONDS.toNanos(DELAY_MILLIS);
                case THROTTLES -> TimeUnit.SECONDS.toNanos(bytes) / THROTTLED_BYTES_PER_SECOND;
            };
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!draining) {
                connection.endBehind(to);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            connection.end(); // such as a reset: what a wire is there to pass on
        }
    }
}
