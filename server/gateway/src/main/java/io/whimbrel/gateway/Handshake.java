package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.gateway.UpgradeRequest.Reading;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Topic;
import io.whimbrel.ops.Source;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection until it is a session. The request is answered last, after the token has been verified and the client's
 * topic subscribed: when a client sees its socket open, it can be reached. A client that may not stay is let in all the
 * same and closed with a code, since a browser cannot read anything else. Called only on the connection's event loop.
 */
final class Handshake extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(Handshake.class);

    /** How long a refused client may take to read why. */
    private static final long LINGER_MILLIS = 2_000;

    private static final AsciiString FORWARDED_FOR = AsciiString.cached("X-Forwarded-For");

    /** Bytes a client may send before its handshake is answered, which it should not (RFC 6455 §4.1). */
    private static final int MAX_EARLY_BYTES = 64 * 1024;

    private final Admission admission;
    private final Loop loop;
    private final Channel channel;
    private final boolean encrypted;
    private @Nullable Future<?> deadline;
    private @Nullable HttpRequest request;
    private @Nullable Session session;
    private ByteBuf early = Unpooled.EMPTY_BUFFER;
    /** Everything that comes from now on is thrown away, or waits in {@link #early}. */
    private boolean requestRead;

    private boolean refused;
    /** Who opened the connection; null where that is no IP address, as in tests. */
    private @Nullable InetAddress peer;

    /** Whether a PROXY header has to come first and has not. */
    private boolean proxyHeaderDue;

    Handshake(Admission admission, Loop loop, Channel channel, boolean encrypted) {
        this.admission = admission;
        this.loop = loop;
        this.channel = channel;
        this.encrypted = encrypted;
        proxyHeaderDue = admission.settings().edge().proxyProtocol();
        peer = channel.remoteAddress() instanceof InetSocketAddress remote ? remote.getAddress() : null;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        long millis = loop.timing().handshake().toMillis();
        deadline = context.executor()
                .schedule(
                        () -> refuse(new Reading.Refused(408, "the request was not complete in time")),
                        millis,
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HAProxyMessage header) {
            onProxyHeader(header);
            return;
        }
        if (!requestRead && message instanceof HttpRequest head) {
            request = head;
        }
        if (requestRead) {
            keepEarly(message);
        } else if (request != null && request.decoderResult().isFailure()) {
            onRequest(request);
        } else if (message instanceof HttpContent content) {
            boolean body = content.content().isReadable();
            ReferenceCountUtil.release(message);
            if (body || content.decoderResult().isFailure()) {
                refuse(new Reading.Refused(400, "a handshake has no body"));
            } else if (message instanceof LastHttpContent && request != null) {
                onRequest(request);
            }
        }
    }

    /** The proxy says for whom it speaks; for itself when it asks after our health (LOCAL). */
    private void onProxyHeader(HAProxyMessage header) {
        proxyHeaderDue = false;
        if (header.command() == HAProxyCommand.PROXY && header.sourceAddress() != null) {
            byte[] source = NetUtil.createByteArrayFromIpAddressString(header.sourceAddress());
            peer = source == null ? peer : addressOf(source);
        }
        header.release();
    }

    private static InetAddress addressOf(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("Netty reads addresses of 4 or 16 bytes", e);
        }
    }

    private void onRequest(HttpRequest complete) {
        if (proxyHeaderDue) {
            throw new IllegalStateException("the decoder of the PROXY header let a request through");
        }
        InetAddress source = peer == null
                ? null
                : admission.proxies().clientOf(peer, complete.headers().getAll(FORWARDED_FOR));
        Reading reading = UpgradeRequest.read(complete, admission.origins(), admission.compression());
        request = null;
        switch (reading) {
            case Reading.Refused refusal -> refuse(refusal);
            case Reading.Accepted accepted -> admit(accepted, source);
        }
    }

    private void admit(Reading.Accepted accepted, @Nullable InetAddress source) {
        endOfRequest();
        channel.config().setAutoRead(false);
        if (admission.budget().isNearlySpent()) {
            upgradeOnlyToClose(accepted, Disconnect.OVERLOADED);
            return;
        }
        if (source != null && !count(admission.perSource(), Source.of(source))) {
            upgradeOnlyToClose(accepted, Disconnect.CONNECTION_LIMIT);
            return;
        }
        Optional<String> token = accepted.token();
        if (token.isEmpty()) {
            upgradeOnlyToClose(accepted, Disconnect.INVALID_TOKEN);
            return;
        }
        admission
                .verifier()
                .verify(token.get())
                .whenComplete((verdict, failure) -> onLoop(() -> {
                    if (failure != null) {
                        log.error("The token verifier failed, which it promises not to", failure);
                    }
                    onVerdict(accepted, failure == null ? verdict : new TokenVerdict.Unavailable("internal error"));
                }));
    }

    private void onVerdict(Reading.Accepted accepted, TokenVerdict verdict) {
        switch (verdict) {
            case TokenVerdict.Valid valid -> subscribe(accepted, valid);
            case TokenVerdict.Expired() -> upgradeOnlyToClose(accepted, Disconnect.EXPIRED);
            case TokenVerdict.Revoked() -> upgradeOnlyToClose(accepted, Disconnect.REVOKED);
            case TokenVerdict.Invalid() -> upgradeOnlyToClose(accepted, Disconnect.INVALID_TOKEN);
            case TokenVerdict.Unavailable(String why) -> {
                log.debug("A token could not be verified: {}", why);
                upgradeOnlyToClose(accepted, Disconnect.AUTHENTICATION_UNAVAILABLE);
            }
        }
    }

    /** Counts the connection as long as it is open; false when its owner has as many as it may. */
    private <K> boolean count(ConnectionCounts<K> counts, K owner) {
        if (!counts.isLimited()) {
            return true;
        }
        boolean taken = counts.take(owner);
        if (taken) {
            channel.closeFuture().addListener(_ -> counts.giveBack(owner));
        }
        return taken;
    }

    private void subscribe(Reading.Accepted accepted, TokenVerdict.Valid valid) {
        if (!channel.isActive()) {
            return;
        }
        if (!count(admission.perAddress(), valid.address())) {
            upgradeOnlyToClose(accepted, Disconnect.CONNECTION_LIMIT);
            return;
        }
        NettySocket socket = newSocket(accepted, admission.endOf(valid.expiresAtSeconds(), loop));
        Session made = Objects.requireNonNull(session);
        made.holds(valid);
        CompletionStage<Void> ready = loop.hub().subscribe(made, Topic.of(valid.address()), accepted.since());
        for (Topic topic : valid.topics()) {
            ready = both(ready, loop.hub().subscribe(made, topic, null));
        }
        ready.whenComplete((_, failure) -> onLoop(() -> {
            if (admission.revocations().concern(valid)) {
                made.close(Disconnect.REVOKED); // since its token was verified
            } else if (failure != null) {
                log.debug("The topics of {} could not be subscribed", valid.address(), failure);
                made.close(Disconnect.BROKER_UNAVAILABLE);
            } else if (admission.draining()) {
                made.close(Disconnect.SHUTDOWN);
            }
            upgrade(accepted, socket, made);
        }));
    }

    private static CompletionStage<Void> both(CompletionStage<Void> one, CompletionStage<Void> other) {
        return CompletableFuture.allOf(one.toCompletableFuture(), other.toCompletableFuture());
    }

    private NettySocket newSocket(Reading.Accepted accepted, Session.End end) {
        boolean deflated = !accepted.extensions().isEmpty();
        return new NettySocket(channel, encrypted, socket -> {
            Session made = new Session(loop, socket, end, deflated, accepted.acks() || accepted.since() != null);
            session = made;
            return made;
        });
    }

    private void upgradeOnlyToClose(Reading.Accepted accepted, Disconnect reason) {
        if (!channel.isActive()) {
            return;
        }
        NettySocket socket = newSocket(accepted, Session.End.NEVER);
        Session made = Objects.requireNonNull(session);
        made.close(reason);
        upgrade(accepted, socket, made);
    }

    private void upgrade(Reading.Accepted accepted, NettySocket socket, Session made) {
        if (!channel.isActive()) {
            made.onClosed();
            return;
        }
        channel.writeAndFlush(HttpAnswers.switchingProtocols(accepted), channel.voidPromise());
        ByteBuf waiting = early;
        early = Unpooled.EMPTY_BUFFER;
        channel.pipeline().replace(this, null, socket);
        made.open();
        if (waiting.isReadable()) {
            made.onBytes(waiting);
        } else {
            waiting.release();
        }
        channel.config().setAutoRead(true);
    }

    /** Answers with plain HTTP, lets the client read it, and ends the connection. */
    private void refuse(Reading.Refused refusal) {
        if (refused || session != null) {
            return;
        }
        refused = true;
        endOfRequest();
        admission.metrics().refused(refusal.status());
        channel.writeAndFlush(HttpAnswers.refusal(refusal.status(), refusal.reason(), refusal.extraHeaders()))
                .addListener(sent -> {
                    if (sent.isSuccess() && !encrypted && channel instanceof DuplexChannel duplex) {
                        // Closing at once, with bytes of the client unread, could destroy the answer on its way.
                        duplex.shutdownOutput();
                        channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
                    } else {
                        channel.close();
                    }
                });
    }

    private void endOfRequest() {
        requestRead = true;
        Future<?> running = deadline;
        if (running != null) {
            running.cancel(false);
        }
        HttpRequestDecoder decoder = channel.pipeline().get(HttpRequestDecoder.class);
        if (decoder != null) {
            channel.pipeline().remove(decoder);
        }
    }

    private void keepEarly(Object message) {
        if (refused || !(message instanceof ByteBuf bytes)) {
            ReferenceCountUtil.release(message);
            return;
        }
        early = early.isReadable() ? Unpooled.wrappedBuffer(early, bytes) : bytes;
        if (early.readableBytes() > MAX_EARLY_BYTES) {
            channel.close();
        }
    }

    private void onLoop(Runnable task) {
        if (loop.executor().inEventLoop()) {
            task.run();
        } else {
            loop.executor().execute(task);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        endOfRequest();
        early.release();
        early = Unpooled.EMPTY_BUFFER;
        if (session != null) {
            session.onClosed();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof DecoderException) {
            // What came is no TLS or no PROXY header, or of a kind we do not speak: the client's fault, or a port
            // scan's.
            log.debug("A connection began with what cannot be read", cause);
            if (!refused) {
                refused = true;
                admission.metrics().refusedUnreadable();
            }
        } else if (!(cause instanceof IOException)) {
            log.error("Unexpected failure in a handshake, whose connection is closed", cause);
        }
        channel.close();
    }
}
