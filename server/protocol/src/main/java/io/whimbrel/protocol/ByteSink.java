package io.whimbrel.protocol;

/** Where a codec writes, so that it need not know the buffers of the transport. */
public interface ByteSink {
    void put(byte[] bytes);

    /**
     * Writes one byte per character.
     *
     * @param text holds nothing but ASCII
     */
    void putAscii(String text);
}
