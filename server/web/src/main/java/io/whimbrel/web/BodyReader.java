package io.whimbrel.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.whimbrel.model.ClientError;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the body of one request, never holding more than the limit: what is larger is refused as soon as that is known,
 * by its announced length or by what arrived. Called only on the request's event loop.
 */
final class BodyReader {
    private final int limitBytes;
    private final Consumer<byte[]> onBody;
    private @Nullable Buffer gathered;

    private BodyReader(int limitBytes, Consumer<byte[]> onBody) {
        this.limitBytes = limitBytes;
        this.onBody = onBody;
    }

    /** Goes on with the whole body, or refuses. */
    static void read(Exchange exchange, int limitBytes, Consumer<byte[]> onBody) {
        if (exchange.contentLength() > limitBytes) {
            throw tooLarge(limitBytes);
        }
        BodyReader reader = new BodyReader(limitBytes, onBody);
        exchange.request().handler(chunk -> exchange.run(() -> reader.onChunk(chunk)));
        exchange.request().endHandler(_ -> exchange.run(reader::onEnd));
        exchange.request().exceptionHandler(_ -> {}); // the client hung up: nobody is left to answer
        String expectation = exchange.header(HttpHeaders.EXPECT);
        if (expectation != null && expectation.equalsIgnoreCase("100-continue")) {
            exchange.response().writeContinue();
        }
    }

    private void onChunk(Buffer chunk) {
        int size = (gathered == null ? 0 : gathered.length()) + chunk.length();
        if (size > limitBytes) {
            gathered = null;
            throw tooLarge(limitBytes);
        }
        gathered = gathered == null ? chunk : gathered.appendBuffer(chunk); // mostly there is only one
    }

    private void onEnd() {
        byte[] body = gathered == null ? new byte[0] : gathered.getBytes();
        gathered = null; // the request may last for as long as its receipt
        onBody.accept(body);
    }

    private static Refusal tooLarge(int limitBytes) {
        String detail = "The body of a request may have %d bytes".formatted(limitBytes);
        return new Refusal(Problem.of(ClientError.PAYLOAD_TOO_LARGE, detail));
    }
}
