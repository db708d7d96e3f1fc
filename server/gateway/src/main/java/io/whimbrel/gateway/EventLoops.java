package io.whimbrel.gateway;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/** The event loops of a gateway, one per core, which the broker's connections share. epoll where there is any, else NIO. */
public final class EventLoops implements AutoCloseable {
    private final EventLoopGroup group;

    public EventLoops(int count) {
        var threads = new DefaultThreadFactory("gateway");
        group = new MultiThreadIoEventLoopGroup(
                count, threads, isEpoll() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    static boolean isEpoll() {
        return Epoll.isAvailable();
    }

    public EventLoopGroup group() {
        return group;
    }

    Class<? extends ServerSocketChannel> serverChannelType() {
        return isEpoll() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
