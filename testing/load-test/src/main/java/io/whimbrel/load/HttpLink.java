package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A keep-alive connection to the web server with one request at a time; opened when there is something to say and
 * nobody is connected. Called only on its event loop.
 */
final class HttpLink {
    /** Who asked. Exactly one of the two is called for each request. */
    interface Asker {
        void onAnswer(HttpLink link, HttpAnswer answer);

        /** The connection broke; whether the request was heard is not known. */
        void onBreak(HttpLink link, String why);
    }

    private final Wire wire;
    private final EventLoop loop;
    private final Asker asker;

    private @Nullable Channel channel;
    private @Nullable Life life;

    HttpLink(Wire wire, EventLoop loop, Asker asker) {
        this.wire = wire;
        this.loop = loop;
        this.asker = asker;
    }

    ByteBuf buffer() {
        return wire.allocator().buffer();
    }

    /** Sends it; the buffer is released here. */
    void ask(ByteBuf request) {
        if (channel != null && channel.isActive() && life != null) {
            life.waiting = true;
            channel.writeAndFlush(request, channel.voidPromise());
            return;
        }
        Life next = new Life();
        next.waiting = true;
        life = next;
        ChannelFuture connecting = wire.connectToWeb(loop, next);
        channel = connecting.channel();
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                connecting.channel().writeAndFlush(request, connecting.channel().voidPromise());
            } else {
                request.release();
                next.end(Texts.reason(done.cause()));
            }
        });
    }

    void close() {
        if (life != null) {
            life.waiting = false;
        }
        if (channel != null) {
            channel.close();
        }
    }

    /** One TCP connection's. */
    private final class Life extends ChannelInboundHandlerAdapter {
        private final HttpAnswer answer = new HttpAnswer();
        private boolean waiting;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                while (in.isReadable() && answer.read(in)) {
                    onAnswer(context);
                }
            } catch (IllegalArgumentException e) {
                end(String.valueOf(e.getMessage()));
                context.close();
            } finally {
                ReferenceCountUtil.release(in);
            }
        }

        private void onAnswer(ChannelHandlerContext context) {
            if (!waiting) {
                context.close();
                return;
            }
            waiting = false;
            asker.onAnswer(HttpLink.this, answer);
            answer.next();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            end("the web server closed the connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            end(Texts.reason(cause));
            context.close();
        }

        private void end(String why) {
            if (life == this) {
                channel = null;
                life = null;
            }
            if (waiting) {
                waiting = false;
                asker.onBreak(HttpLink.this, why);
            }
        }
    }
}
