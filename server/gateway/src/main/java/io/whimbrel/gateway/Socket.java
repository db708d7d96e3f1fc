package io.whimbrel.gateway;

import io.netty.buffer.ByteBuf;

/**
 * What a session knows of the transport below it. Every method is called on the session's event loop; none blocks or
 * throws: a socket that broke says so once, by ending the session.
 */
interface Socket {
    /** Queues the bytes, which the socket owns and releases from now on. Nothing is sent before {@link #flush}. */
    void write(ByteBuf bytes);

    void flush();

    /** What is queued and not yet taken by the system, bookkeeping included. */
    long pendingBytes();

    /** Stops taking bytes from the client, whom TCP then makes wait. */
    void pauseReading();

    void resumeReading();

    /** Ends our direction of the connection (FIN) once everything queued is sent; the client's bytes are still read. */
    void finish();

    /** Ends the connection once everything queued is sent. */
    void closeWhenSent();

    /** Ends the connection at once and forgets what is queued. */
    void abort();
}
