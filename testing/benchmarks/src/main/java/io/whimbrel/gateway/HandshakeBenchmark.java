package io.whimbrel.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.util.ReferenceCountUtil;
import io.whimbrel.gateway.UpgradeRequest.Reading;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The opening handshake of a browser: the request's bytes through Netty's decoder, our reading of it, and the 101. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HandshakeBenchmark {
    private static final String REQUEST = """
        GET /ws?token=%s HTTP/1.1
        Host: gateway.example.com:7071
        Connection: Upgrade
        Pragma: no-cache
        Cache-Control: no-cache
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36
        Upgrade: websocket
        Origin: https://www.example.com
        Sec-WebSocket-Version: 13
        Accept-Encoding: gzip, deflate, br, zstd
        Accept-Language: en-GB,en;q=0.9
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits

        """.formatted("a".repeat(250)).replace("\n", "\r\n");

    private final EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder());
    private final ByteBuf bytes = Unpooled.copiedBuffer(REQUEST, US_ASCII);
    private final HttpRequest request = decode();
    private final Reading.Accepted accepted = accepted(UpgradeRequest.read(request, Set.of(), false));

    @TearDown
    public void release() {
        channel.finishAndReleaseAll();
        bytes.release();
    }

    @Benchmark
    public HttpRequest decode() {
        channel.writeInbound(bytes.retainedDuplicate());
        HttpRequest head = channel.readInbound();
        ReferenceCountUtil.release(channel.readInbound());
        return head;
    }

    @Benchmark
    public Reading read() {
        return UpgradeRequest.read(request, Set.of(), false);
    }

    @Benchmark
    public ByteBuf answer() {
        return HttpAnswers.switchingProtocols(accepted); // on the heap: the collector takes it
    }

    private static Reading.Accepted accepted(Reading reading) {
        if (reading instanceof Reading.Accepted accepted) {
            return accepted;
        }
        throw new IllegalStateException("the request was right, but the answer is " + reading);
    }
}
