package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The body of {@code POST /publish} is read and the message cut out of it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PublishParseBenchmark {
    private static final String ADDRESS = "0190e5a0-7a3c-7c1e-8f00-1d2c3b4a5968";
    private static final String TOKEN = "a".repeat(250);

    @Param({"128", "4096"})
    int payloadBytes;

    private byte[] json = {};
    private byte[] structured = {};
    private byte[] form = {};

    @Setup
    public void prepare() {
        String text = "x".repeat(payloadBytes - 2);
        json = body('"' + text + '"');
        structured = body("{\"title\":\"%s\",\"tags\":[1,2,3],\"nested\":{\"a\":null}}".formatted(text));
        form = "uuid_remote=%s&uuid_local=%s&message=%%22%s%%22"
                .formatted(ADDRESS, TOKEN, text)
                .getBytes(UTF_8);
    }

    private static byte[] body(String message) {
        return "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":%s}"
                .formatted(ADDRESS, TOKEN, message)
                .getBytes(UTF_8);
    }

    @Benchmark
    public Object text() {
        return PublishRequest.read(BodyFormat.JSON, json);
    }

    @Benchmark
    public Object object() {
        return PublishRequest.read(BodyFormat.JSON, structured);
    }

    @Benchmark
    public Object form() {
        return PublishRequest.read(BodyFormat.FORM, form);
    }
}
