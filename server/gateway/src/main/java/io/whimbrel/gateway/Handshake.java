package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.whimbrel.auth.TokenVerdict;
import io.whimbrel.gateway.UpgradeRequest.Reading;
import io.whimbrel.model.Address;
import io.whimbrel.model.Disconnect;
import io.whimbrel.model.Topic;
import java.io.IOException;
import java.util.Optional;
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

    /** Bytes a client may send before its handshake is answered, which it should not (RFC 6455 §4.1). */
    private static final int MAX_EARLY_BYTES = 64 * 1024;

    private final Admission admission;
    private final Loop loop;
    private final Channel channel;
    private @Nullable Future<?> deadline;
    private @Nullable HttpRequest request;
    private @Nullable NettySocket socket;
    private ByteBuf early = Unpooled.EMPTY_BUFFER;
    /** Everything that comes from now on is thrown away, or waits in {@link #early}. */
    private boolean requestRead;

    private boolean refused;

    Handshake(Admission admission, Loop loop, Channel channel) {
        this.admission = admission;
        this.loop = loop;
        this.channel = channel;
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

    private void onRequest(HttpRequest complete) {
        Reading reading = UpgradeRequest.read(complete, admission.origins(), admission.compression());
        request = null;
        switch (reading) {
            case Reading.Refused refusal -> refuse(refusal);
            case Reading.Accepted accepted -> admit(accepted);
        }
    }

    private void admit(Reading.Accepted accepted) {
        endOfRequest();
        channel.config().setAutoRead(false);
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
            case TokenVerdict.Valid(Address address, long expiresAtSeconds, var _) ->
                subscribe(accepted, Topic.of(address), admission.expiresAtMillis(expiresAtSeconds, loop));
            case TokenVerdict.Expired() -> upgradeOnlyToClose(accepted, Disconnect.EXPIRED);
            case TokenVerdict.Invalid() -> upgradeOnlyToClose(accepted, Disconnect.INVALID_TOKEN);
            case TokenVerdict.Unavailable(String why) -> {
                log.debug("A token could not be verified: {}", why);
                upgradeOnlyToClose(accepted, Disconnect.AUTHENTICATION_UNAVAILABLE);
            }
        }
    }

    private void subscribe(Reading.Accepted accepted, Topic topic, long expiresAtMillis) {
        if (!channel.isActive()) {
            return;
        }
        boolean deflated = !accepted.extensions().isEmpty();
        NettySocket made = new NettySocket(channel, false, self -> new Session(loop, self, expiresAtMillis, deflated));
        socket = made;
        loop.hub()
                .subscribe(made.session(), topic)
                .whenComplete((_, failure) -> onLoop(() -> {
                    if (failure != null) {
                        log.debug("{} could not be subscribed", topic, failure);
                        made.session().close(Disconnect.BROKER_UNAVAILABLE);
                    } else if (admission.draining()) {
                        made.session().close(Disconnect.SHUTDOWN);
                    }
                    upgrade(accepted, made);
                }));
    }

    private void upgradeOnlyToClose(Reading.Accepted accepted, Disconnect reason) {
        if (!channel.isActive()) {
            return;
        }
        boolean deflated = !accepted.extensions().isEmpty();
        NettySocket made = new NettySocket(channel, false, self -> new Session(loop, self, Long.MAX_VALUE, deflated));
        socket = made;
        made.session().close(reason);
        upgrade(accepted, made);
    }

    private void upgrade(Reading.Accepted accepted, NettySocket made) {
        if (!channel.isActive()) {
            made.session().onClosed();
            return;
        }
        channel.writeAndFlush(HttpAnswers.switchingProtocols(accepted), channel.voidPromise());
        ByteBuf waiting = early;
        early = Unpooled.EMPTY_BUFFER;
        channel.pipeline().replace(this, null, made);
        made.session().open();
        if (waiting.isReadable()) {
            made.session().onBytes(waiting);
        } else {
            waiting.release();
        }
        channel.config().setAutoRead(true);
    }

    /** Answers with plain HTTP, lets the client read it, and ends the connection. */
    private void refuse(Reading.Refused refusal) {
        if (refused || socket != null) {
            return;
        }
        refused = true;
        endOfRequest();
        admission.metrics().refused(refusal.status());
        channel.writeAndFlush(HttpAnswers.refusal(refusal.status(), refusal.reason(), refusal.extraHeaders()))
                .addListener(sent -> {
                    if (sent.isSuccess() && channel instanceof DuplexChannel duplex) {
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
        if (socket != null) {
            socket.session().onClosed();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.error("Unexpected failure in a handshake, whose connection is closed", cause);
        }
        channel.close();
    }
}
