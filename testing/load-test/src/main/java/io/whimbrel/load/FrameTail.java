package io.whimbrel.load;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The last bytes of a message, however it is cut: there the server says where its client stands. Called on one event loop. */
final class FrameTail {
    private static final Pattern POSITION =
            Pattern.compile("(\\{\"recovered\":false)?,\"offset\":([0-9]{1,15}),\"epoch\":\"([0-9A-Za-z]{1,32})\"}\\z");

    /** The longest notice that something is not kept any more fits whole. */
    private static final int BYTES = 96;

    private final byte[] bytes = new byte[BYTES];
    private int length;
    private boolean whole = true;
    private boolean notice;

    /** The next message begins. */
    void clear() {
        length = 0;
        whole = true;
    }

    /** The message goes on with these. */
    void push(ByteBuf in, int at, int count) {
        int taken = Math.min(count, BYTES);
        int kept = Math.min(length, BYTES - taken);
        whole &= length + count <= BYTES;
        System.arraycopy(bytes, length - kept, bytes, 0, kept);
        in.getBytes(at + count - taken, bytes, kept, taken);
        length = kept + taken;
    }

    /** What the message says; null where it says nothing of it. */
    @Nullable
    Position position() {
        Matcher found = POSITION.matcher(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
        if (!found.find()) {
            notice = false;
            return null;
        }
        notice = whole && found.start(1) == 0;
        return new Position(found.group(3), Long.parseLong(found.group(2)));
    }

    /** Whether the last {@link #position} was that of a notice: what was before it is not kept any more. */
    boolean isNotice() {
        return notice;
    }
}
