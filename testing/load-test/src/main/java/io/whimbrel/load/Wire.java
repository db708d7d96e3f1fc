package io.whimbrel.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** How the servers are reached: names resolved once, TLS, source addresses in turn. Safe for any thread. */
final class Wire {
    private final Loops loops;
    private final Endpoint web;
    private final InetSocketAddress webAddress;
    private final List<Endpoint> gateways;
    private final List<InetSocketAddress> gatewayAddresses;
    private final List<InetSocketAddress> sources;
    private final @Nullable SslContext ssl;

    Wire(Loops loops, BenchSettings settings) {
        this.loops = loops;
        web = settings.target().web();
        webAddress = web.resolve();
        gateways = settings.target().gateways();
        gatewayAddresses = gateways.stream().map(Endpoint::resolve).toList();
        sources = settings.target().sourceAddresses().stream().map(Wire::source).toList();
        boolean tls = web.tls() || gateways.stream().anyMatch(Endpoint::tls);
        ssl = tls ? ssl(settings.target().trust()) : null;
    }

    private static InetSocketAddress source(String address) {
        try {
            return new InetSocketAddress(java.net.InetAddress.getByName(address), 0);
        } catch (UnknownHostException e) {
            throw new BenchException("The source address %s is not known here".formatted(address), e);
        }
    }

    private static SslContext ssl(@Nullable Path trust) {
        try {
            SslContextBuilder builder = SslContextBuilder.forClient();
            return (trust == null ? builder : builder.trustManager(trust.toFile())).build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new BenchException("The certificates of --trust %s cannot be read: %s".formatted(trust, e), e);
        }
    }

    Loops loops() {
        return loops;
    }

    ByteBufAllocator allocator() {
        return ByteBufAllocator.DEFAULT;
    }

    Endpoint web() {
        return web;
    }

    int gatewayCount() {
        return gateways.size();
    }

    Endpoint gateway(int turn) {
        return gateways.get(turn % gateways.size());
    }

    ChannelFuture connectToWeb(EventLoop loop, ChannelHandler handler) {
        return start(loops.bootstrap(loop, false), web, handler).connect(webAddress);
    }

    /**
     * @param turn counts up; gateways take turns
     * @param client whose source address it is; those take turns too
     */
    ChannelFuture connectToGateway(int turn, int client, EventLoop loop, ChannelHandler handler) {
        Bootstrap bootstrap = start(loops.bootstrap(loop, !sources.isEmpty()), gateway(turn), handler);
        InetSocketAddress to = gatewayAddresses.get(turn % gatewayAddresses.size());
        return sources.isEmpty() ? bootstrap.connect(to) : bootstrap.connect(to, sources.get(client % sources.size()));
    }

    private Bootstrap start(Bootstrap bootstrap, Endpoint to, ChannelHandler handler) {
        SslContext context = ssl;
        if (!to.tls() || context == null) {
            return bootstrap.handler(handler);
        }
        return bootstrap.handler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(context.newHandler(channel.alloc(), to.host(), to.port()), handler);
            }
        });
    }
}
