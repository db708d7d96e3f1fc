package io.whimbrel.broker.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.whimbrel.broker.IdempotencyKey;
import io.whimbrel.broker.Published;
import io.whimbrel.broker.PublishedOnce;
import io.whimbrel.model.Position;
import io.whimbrel.model.Publication;

/**
 * What Redis remembers of the first publication with an idempotency key, as ASCII:
 *
 * <pre>&lt;digest of the payload&gt; &lt;id&gt; &lt;nodes&gt;[ &lt;offset&gt; &lt;epoch&gt;]</pre>
 *
 * A later version may add fields at the end, which this one skips.
 */
final class FirstAnswer {
    private static final int WITHOUT_POSITION = 3;
    private static final int WITH_POSITION = 5;

    private FirstAnswer() {}

    /** What is known before it was published; the script adds the rest. */
    static byte[] begin(Publication publication, IdempotencyKey key) {
        return (key.payloadDigest() + ' ' + publication.id()).getBytes(ISO_8859_1);
    }

    /** What it means for a later publication with the same key. */
    static PublishedOnce toRepetition(byte[] remembered, IdempotencyKey key) {
        String[] fields = new String(remembered, ISO_8859_1).split(" ", -1);
        if (fields.length < WITHOUT_POSITION) {
            throw new IllegalStateException("an idempotency key's first answer is in a form this version cannot read");
        }
        if (!fields[0].equals(key.payloadDigest())) {
            return new PublishedOnce.Mismatch();
        }
        Position position = fields.length < WITH_POSITION ? null : new Position(fields[4], Long.parseLong(fields[3]));
        return new PublishedOnce.Repeat(fields[1], new Published(Integer.parseInt(fields[2]), position));
    }
}
