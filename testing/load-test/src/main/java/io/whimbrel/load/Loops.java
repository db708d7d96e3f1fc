package io.whimbrel.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;

/** The event loops everything runs on; the first one also publishes. epoll where there is any, else NIO. Safe for any thread. */
final class Loops implements AutoCloseable {
    /** How much is read at once: many frames of a busy server in one system call. */
    private static final int READ_BYTES = 64 * 1024;

    private static final int CONNECT_TIMEOUT_MILLIS = 10_000;

    private final EventLoopGroup group;
    private final List<EventLoop> loops;
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final boolean epoll = Epoll.isAvailable();

    Loops(int count) {
        group = new MultiThreadIoEventLoopGroup(
                count, this::newThread, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        loops = StreamSupport.stream(group.spliterator(), false)
                .map(EventLoop.class::cast)
                .toList();
    }

    private Thread newThread(Runnable task) {
        Thread thread = Thread.ofPlatform()
                .daemon()
                .name("bench-" + threads.size())
                .unstarted(() -> io.netty.util.concurrent.FastThreadLocalThread.runWithFastThreadLocal(task));
        threads.add(thread);
        return thread;
    }

    int count() {
        return loops.size();
    }

    EventLoop first() {
        return loops.getFirst();
    }

    EventLoop of(int index) {
        return loops.get(index % loops.size());
    }

    /** What every connection begins with. Closing one sends a reset: nothing waits in TIME_WAIT between two runs. */
    Bootstrap bootstrap(EventLoop loop, boolean boundToAddress) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(channelType())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_LINGER, 0)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES));
        if (epoll && boundToAddress) {
            bootstrap.option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
        }
        return bootstrap;
    }

    private Class<? extends Channel> channelType() {
        return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    String transport() {
        return epoll ? "epoll" : "NIO";
    }

    /** CPU time each of the threads has used so far; those that have not run yet are left out. */
    List<Long> cpuNanos() {
        var bean = ManagementFactory.getThreadMXBean();
        List<Long> nanos = new ArrayList<>();
        for (Thread thread : threads) {
            nanos.add(Math.max(0, bean.getThreadCpuTime(thread.threadId())));
        }
        return nanos;
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
