package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session's socket on a Netty channel, of whose pipeline it is the last handler. Called only on the channel's event
 * loop.
 *
 * <p>Most writes are whole ticks, shared by many sessions, to a socket that has room. On plain TCP with epoll those go
 * to the system at once, past Netty's pipeline and queue, which cost a fifth of a delivery; only what the system did not
 * take waits in Netty's queue, which then knows when to go on.
 */
final class NettySocket extends ChannelInboundHandlerAdapter implements Socket {
    private static final Logger log = LoggerFactory.getLogger(NettySocket.class);

    /** Makes a channel unwritable while anything at all waits, so that becoming writable means that all is sent. */
    static final WriteBufferWaterMark ALL_SENT = new WriteBufferWaterMark(1, 1);

    private final Channel channel;
    private final boolean encrypted;
    private final Owner owner;
    /** Where bytes may go past Netty; null where they may not: TLS, other transports. */
    private final io.netty.channel.unix.@Nullable Socket direct;

    /** Whether the owner waits to hear that all is sent. */
    private boolean full;
    /** The rest of the first write that found no room; Netty moves its beginning along while it sends. */
    private @Nullable ByteBuf rest;
    /** Known to have nothing in Netty's queue; asking the queue costs five steps through memory that is seldom at hand. */
    private boolean idle;

    /**
     * Makes its owner, too, since each of the two needs the other.
     *
     * @param encrypted whether a handler of the pipeline has to see every byte
     */
    NettySocket(Channel channel, boolean encrypted, Function<? super Socket, ? extends Owner> owner) {
        this.channel = channel;
        this.encrypted = encrypted;
        direct = !encrypted
                        && channel instanceof EpollSocketChannel epoll
                        && epoll.fd() instanceof io.netty.channel.unix.Socket socket
                ? socket
                : null;
        channel.config().setWriteBufferWaterMark(ALL_SENT);
        this.owner = owner.apply(this);
    }

    @Override
    public boolean write(ByteBuf bytes) {
        int sent = idle || isQueueEmpty() ? sendNow(bytes) : 0;
        int left = bytes.readableBytes() - sent;
        if (left == 0) {
            idle = idle || isQueueEmpty();
            return idle;
        }
        full = false; // what Netty manages to send right here is told by the answer alone
        ByteBuf unsent =
                bytes.slice(bytes.readerIndex() + sent, left).retain(); // none that is used again when released
        ByteBuf counted = encrypted ? unsent.duplicate() : unsent; // what TLS has taken is not sent by that
        channel.writeAndFlush(unsent, channel.voidPromise());
        idle = isQueueEmpty();
        full = !idle;
        rest = idle ? null : rest == null ? counted : rest;
        return idle;
    }

    /** How many of the bytes the system took. */
    private int sendNow(ByteBuf bytes) {
        // A closed one's number may belong to another connection already.
        if (direct == null || !direct.isOpen() || !bytes.hasMemoryAddress()) {
            return 0;
        }
        try {
            return direct.sendAddress(bytes.memoryAddress(), bytes.readerIndex(), bytes.writerIndex());
        } catch (IOException e) {
            return 0; // Netty's own attempt meets the same error and ends the channel in order.
        }
    }

    private boolean isQueueEmpty() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue != null && queue.totalPendingWriteBytes() == 0;
    }

    @Override
    public long pendingBytes() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.totalPendingWriteBytes();
    }

    @Override
    public int unsentBytes() {
        ByteBuf unsent = rest;
        return unsent == null ? 0 : unsent.readableBytes(); // two numbers, which a released buffer still has
    }

    @Override
    public String name() {
        return channel.id().asShortText();
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
        if (encrypted) { // TLS has no half of a connection that ends alone
            closeWhenSent();
            return;
        }
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
        idle = false;
        ChannelFuture sent = channel.writeAndFlush(channel.alloc().buffer(0));
        sent.addListener(then);
    }

    @Override
    public void abort() {
        channel.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        owner.onBytes((ByteBuf) message);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (full && channel.isWritable()) {
            full = false;
            rest = null;
            owner.onWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        owner.onClosed();
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
