package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;

/**
 * What a session knows of the transport below it; {@code SocketContract} says it in tests. Every method is called on the
 * session's event loop; none blocks or throws: a socket that broke says so once, by {@link Owner#onClosed}, and not
 * before the call under way has returned.
 */
interface Socket {
    /** Whom a socket tells what happens to it; always on its event loop. */
    interface Owner {
        /** Takes bytes of the client over, and releases them. */
        void onBytes(ByteBuf bytes);

        /** Everything that was written is sent, after a time in which it was not. */
        void onWritable();

        /** The connection is gone, whoever ended it; the last call. */
        void onClosed();
    }

    /**
     * Sends the bytes, behind all that came before. What the system does not take at once is retained until it does; the
     * caller keeps its own hold. Answers whether there is room for more: where there is none, {@link Owner#onWritable}
     * follows when everything is sent. Bytes written nevertheless are kept, too.
     */
    boolean write(ByteBuf bytes);

    /** What was written and not yet taken by the system, bookkeeping included. */
    long pendingBytes();

    /**
     * Of the first write that found no room, how much the system has not taken; rather more than less where that cannot be
     * told, as with TLS. Also right when the connection is gone.
     */
    int unsentBytes();

    /** Tells this connection from others, in a few visible characters that are no secret. */
    String name();

    /** Stops taking bytes from the client, whom TCP then makes wait. */
    void pauseReading();

    void resumeReading();

    /** Ends our direction of the connection (FIN) once everything written is sent; the client's bytes are still read. */
    void finish();

    /** Ends the connection once everything written is sent. */
    void closeWhenSent();

    /** Ends the connection at once and forgets what was not sent. */
    void abort();
}
