package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A session's socket on a Netty channel, of whose pipeline it is the only handler. Called only on the channel's event loop. */
final class NettySocket extends ChannelInboundHandlerAdapter implements Socket {
    private static final Logger log = LoggerFactory.getLogger(NettySocket.class);

    private final Channel channel;
    private final Session session;

    /** Makes the session, too, since each of the two needs the other. */
    NettySocket(Channel channel, java.util.function.Function<Socket, Session> session) {
        this.channel = channel;
        this.session = session.apply(this);
    }

    Session session() {
        return session;
    }

    @Override
    public void write(ByteBuf bytes) {
        channel.write(bytes, channel.voidPromise());
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public long pendingBytes() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.totalPendingWriteBytes();
    }

    @Override
    public void pauseReading() {
        channel.config().setAutoRead(false);
    }

    @Override
    public void resumeReading() {
        channel.config().setAutoRead(true);
    }

    @Override
    public void finish() {
        whenSent(sent -> {
            if (channel instanceof DuplexChannel duplex && sent.isSuccess()) {
                duplex.shutdownOutput();
            }
        });
    }

    @Override
    public void closeWhenSent() {
        whenSent(ChannelFutureListener.CLOSE);
    }

    private void whenSent(ChannelFutureListener then) {
        ChannelFuture sent = channel.writeAndFlush(channel.alloc().buffer(0));
        sent.addListener(then);
    }

    @Override
    public void abort() {
        channel.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        session.onBytes((ByteBuf) message);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            session.onWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        session.onClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A connection that breaks is no error; anything else is a mistake of ours, which costs this connection only.
        if (!(cause instanceof IOException)) {
            log.error("Unexpected failure on a connection, which is closed", cause);
        }
        abort();
    }
}
