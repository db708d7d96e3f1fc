package io.whimbrel.protocol.bare;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.whimbrel.model.Address;
import io.whimbrel.model.Publication;
import io.whimbrel.protocol.ByteSink;
import io.whimbrel.protocol.Codec;

/**
 * {@code {"message":…,"id":"…","from":"…","time":…}}. The message is the payload byte for byte and stands first, as in
 * the original system, whose clients read nothing else; {@code from} is left out where nobody is named.
 */
public final class BareCodec implements Codec {
    private static final String MESSAGE_TEXT = "{\"message\":";
    private static final byte[] MESSAGE = MESSAGE_TEXT.getBytes(US_ASCII);
    private static final String ID = ",\"id\":\"";
    private static final String FROM = "\",\"from\":\"";
    private static final String TIME = "\",\"time\":";
    private static final String END = "}";
    private static final int ADDRESS_LENGTH = 36;

    @Override
    public int encodedLength(Publication publication) {
        int from = publication.from() == null ? 0 : FROM.length() + ADDRESS_LENGTH;
        return MESSAGE.length
                + publication.payload().length
                + ID.length()
                + publication.id().length()
                + from
                + TIME.length()
                + decimalDigits(publication.timeMillis())
                + END.length();
    }

    @Override
    public void encode(Publication publication, ByteSink sink) {
        sink.put(MESSAGE);
        sink.put(publication.payload());
        sink.putAscii(ID);
        sink.putAscii(publication.id());
        Address from = publication.from();
        if (from != null) {
            sink.putAscii(FROM);
            sink.putAscii(from.toString());
        }
        sink.putAscii(TIME);
        sink.putAscii(Long.toString(publication.timeMillis()));
        sink.putAscii(END);
    }

    private static int decimalDigits(long value) {
        int digits = value < 0 ? 2 : 1;
        for (long rest = value / 10; rest != 0; rest /= 10) {
            digits++;
        }
        return digits;
    }
}
