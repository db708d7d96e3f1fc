package io.whimbrel.protocol;

import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;

/**
 * One wire format: what a client reads for a publication, and what it may say. Pure functions, safe for any thread. The length is known
 * before the bytes are written, so that a transport can put its frame header in front without copying.
 */
public interface Codec {
    /** How many bytes {@link #encode} writes for this publication. */
    int encodedLength(Publication publication);

    void encode(Publication publication, ByteSink sink);

    /**
     * Tells a client that publications it has not seen are not kept any more.
     *
     * @param from where it stands now: the next publication it gets has the offset after that
     */
    byte[] notRecovered(Position from);

    /** Longer messages of a client are none it asks anything with. */
    int maxCommandBytes();

    /** Reads a message of a client, whatever it is. */
    Command decode(byte[] message);
}
