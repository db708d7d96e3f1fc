package io.whimbrel.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class Utf8Test {
    @Test
    void agreesWithTheStrictDecoderOfTheJdkWhereverTheBytesAreSplit(TestReporter reporter) {
        long seed = System.nanoTime();
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);

        for (int round = 0; round < 200_000; round++) {
            byte[] bytes = nearlyUtf8(random);
            int split = random.nextInt(bytes.length + 1);
            ByteBuf all = Unpooled.wrappedBuffer(bytes);

            int state = Utf8.advance(Utf8.BOUNDARY, all.slice(0, split));
            if (state != Utf8.INVALID) {
                state = Utf8.advance(state, all.slice(split, bytes.length - split));
            }

            assertThat(state == Utf8.BOUNDARY)
                    .as("seed %d, bytes %s", seed, java.util.Arrays.toString(bytes))
                    .isEqualTo(jdkTakes(bytes));
        }
    }

    @Test
    void rejectsAsSoonAsNoContinuationCouldHelp() {
        assertThat(Utf8.advance(Utf8.BOUNDARY, Unpooled.wrappedBuffer(new byte[] {(byte) 0xED, (byte) 0xA0})))
                .isEqualTo(Utf8.INVALID);
    }

    /** Characters of every length, now and then with a byte changed. */
    private static byte[] nearlyUtf8(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            text.appendCodePoint(random.nextInt(1 << (7 + random.nextInt(14))) % 0xD800);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        if (random.nextBoolean()) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    private static boolean jdkTakes(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException _) {
            return false;
        }
    }
}
