package io.whimbrel.gateway;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.whimbrel.ops.TlsFiles;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract on each kind of channel a gateway may have. */
class NettySocketTest {
    /** Whatever {@link EventLoops} takes here, plain: where Linux is, past Netty's queue. */
    @Nested
    class Plain extends OnChannels {}

    @Nested
    class OnNio extends OnChannels {
        @Override
        EventLoopGroup newGroup() {
            return new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        }

        @Override
        Class<? extends ServerSocketChannel> type() {
            return NioServerSocketChannel.class;
        }
    }

    @Nested
    class Encrypted extends OnChannels {
        @TempDir
        Path folder;

        private @Nullable TestCertificate certificate;
        private @Nullable TlsFiles files;

        @Override
        void prepare(Channel channel) {
            channel.pipeline().addLast(new Encryption(Objects.requireNonNull(files)).newHandler(channel, 10_000));
        }

        @Override
        java.net.Socket newPeer() throws Exception {
            certificate = new TestCertificate();
            certificate.writeTo(folder);
            files = TestCertificate.open(folder);
            return certificate.newSocket();
        }

        @Override
        boolean encrypted() {
            return true;
        }

        @AfterEach
        void closeFiles() {
            Objects.requireNonNull(files).close();
        }
    }

    abstract static class OnChannels extends SocketContract {
        private final EventLoopGroup group = newGroup();
        private final CompletableFuture<NettySocket> accepted = new CompletableFuture<>();
        private final AtomicReference<@Nullable Channel> channel = new AtomicReference<>();
        private java.net.@Nullable Socket peer;

        EventLoopGroup newGroup() {
            return new MultiThreadIoEventLoopGroup(
                    1, EventLoops.isEpoll() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        }

        Class<? extends ServerSocketChannel> type() {
            return EventLoops.isEpoll() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        }

        void prepare(Channel channel) {}

        java.net.Socket newPeer() throws Exception {
            return new java.net.Socket();
        }

        boolean encrypted() {
            return false;
        }

        @Override
        protected java.net.Socket peer() throws Exception {
            java.net.Socket made = newPeer();
            peer = made;
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(type())
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            prepare(channel);
                            NettySocket socket = new NettySocket(channel, encrypted(), _ -> owner);
                            channel.pipeline().addLast(socket);
                            OnChannels.this.channel.set(channel);
                            accepted.complete(socket);
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            made.setSoTimeout(10_000);
            made.connect(server.localAddress() instanceof InetSocketAddress at ? at : null, 10_000);
            made.getOutputStream().flush();
            if (made instanceof javax.net.ssl.SSLSocket client) {
                client.startHandshake();
            }
            accepted.get(10, TimeUnit.SECONDS);
            // The client has its part of a TLS handshake before we have ours.
            SslHandler tls = Objects.requireNonNull(channel.get()).pipeline().get(SslHandler.class);
            if (tls != null) {
                tls.handshakeFuture().await(10, TimeUnit.SECONDS);
            }
            return made;
        }

        @Override
        protected Socket socket() {
            return accepted.join();
        }

        @Override
        protected Executor loop() {
            return group.next();
        }

        @AfterEach
        void close() throws Exception {
            if (peer != null) {
                peer.close();
            }
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(5, TimeUnit.SECONDS);
        }
    }
}
