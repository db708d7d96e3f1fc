package io.whimbrel.web;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.ContextInternal;
import io.whimbrel.model.ClientError;
import java.net.InetAddress;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its one answer. Called only on the request's event loop, to which {@link #await} brings back what
 * completes elsewhere. Whatever an endpoint throws becomes an answer; once there is one, later steps are skipped.
 */
final class Exchange {
    static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
    private static final CharSequence PROBLEM_JSON = HttpHeaders.createOptimized(Problem.MEDIA_TYPE);
    private static final CharSequence CONTENT_TYPE_OPTIONS = HttpHeaders.createOptimized("X-Content-Type-Options");
    private static final CharSequence NOSNIFF = HttpHeaders.createOptimized("nosniff");
    /** How long the rest of a body is read and thrown away, so that the answer is not lost to a connection reset. */
    private static final long LINGER_MILLIS = 2_000;

    private static final Logger log = LoggerFactory.getLogger(Exchange.class);

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final ContextInternal context;
    private final Cors cors;
    private final Connections connections;
    private final long skippableBodyBytes;
    private Consumer<ClientError> refusalListener = _ -> {};
    private Runnable answerListener = () -> {};
    private @Nullable PublishSpan span;
    private boolean tookTooLong;
    private boolean answered;

    /** @param skippableBodyBytes a rest of a body up to this size is skipped to keep the connection */
    Exchange(HttpServerRequest request, Context context, Cors cors, Connections connections, long skippableBodyBytes) {
        this.request = request;
        this.response = request.response();
        this.context = (ContextInternal) context;
        this.cors = cors;
        this.connections = connections;
        this.skippableBodyBytes = skippableBodyBytes;
    }

    HttpServerRequest request() {
        return request;
    }

    /** For headers beyond those every answer has; the answer itself goes through this exchange. */
    HttpServerResponse response() {
        return response;
    }

    /** As it was sent, without the query; empty where the request names no path. */
    String path() {
        String path = request.path();
        return path == null ? "" : path;
    }

    HttpMethod method() {
        return request.method();
    }

    boolean isAnswered() {
        return answered;
    }

    /** Who opened the connection: the client, or a proxy in front of it. */
    InetAddress peer() {
        return InetAddress.ofLiteral(request.remoteAddress().hostAddress());
    }

    @Nullable
    String header(CharSequence name) {
        return request.getHeader(name);
    }

    /** The token of {@code Authorization: Bearer}; null where there is none (RFC 6750 §2.1). */
    @Nullable
    String bearer() {
        String authorization = header(HttpHeaders.AUTHORIZATION);
        String scheme = "Bearer ";
        if (authorization == null || !authorization.regionMatches(true, 0, scheme, 0, scheme.length())) {
            return null;
        }
        return authorization.substring(scheme.length()).trim();
    }

    /** Hears of a refusal before it is sent. */
    void onRefusal(Consumer<ClientError> listener) {
        refusalListener = listener;
    }

    /** This request may take so much longer than others. */
    void takeTime(Duration more) {
        connections.grant(request.connection(), more);
    }

    /** Hears that there is an answer, whichever. */
    void onAnswered(Runnable listener) {
        answerListener = listener;
    }

    /** What the answer ends. */
    void traced(PublishSpan begun) {
        span = begun;
    }

    /** Null where none is recorded, as for nearly all. */
    @Nullable
    PublishSpan span() {
        return span;
    }

    // ---- steps

    /** Runs a step of an endpoint; what it throws becomes the answer. */
    void run(Runnable step) {
        if (answered) {
            return;
        }
        try {
            step.run();
        } catch (Refusal refusal) {
            refuse(refusal.problem());
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Goes on with what a stage carries: on the spot where it is complete, else later. A failed stage is our mistake. */
    <T> void await(CompletionStage<T> stage, Consumer<? super T> onResult) {
        boolean onTheSpot = stage.toCompletableFuture().isDone();
        stage.whenComplete((result, failure) -> resume(onTheSpot, () -> {
            if (failure == null) {
                onResult.accept(result);
            } else {
                fail(failure);
            }
        }));
    }

    /** As {@link #await(CompletionStage, Consumer)}, for a time; a {@link TimeoutException} is the failure after that. */
    <T> void await(
            CompletionStage<T> stage,
            long timeoutMillis,
            Consumer<? super T> onResult,
            Consumer<? super Throwable> onFailure) {
        boolean onTheSpot = stage.toCompletableFuture().isDone();
        long timer = onTheSpot
                ? -1
                : context.owner()
                        .setTimer(timeoutMillis, _ -> run(() -> onFailure.accept(new TimeoutException("no answer"))));
        stage.whenComplete((result, failure) -> resume(onTheSpot, () -> {
            context.owner().cancelTimer(timer);
            if (failure == null) {
                onResult.accept(result);
            } else {
                onFailure.accept(failure);
            }
        }));
    }

    /** Runs a step after a while. */
    void later(long millis, Runnable step) {
        context.owner().setTimer(millis, _ -> run(step));
    }

    private void resume(boolean onTheSpot, Runnable step) {
        if (onTheSpot) {
            run(step);
        } else {
            context.emit(step, this::run); // without a turn of the event loop where the stage completed on it
        }
    }

    /** The request, or its answer, took longer than anybody should wait. */
    void timeOut() {
        tookTooLong = true;
        run(() -> refuse(
                request.isEnded()
                        ? Problem.unavailable("A part this server needs did not answer in time")
                        : Problem.malformed("The request did not arrive in time")));
    }

    // ---- the answer

    void answerJson(String json) {
        answer(200, JSON, Buffer.buffer(json));
    }

    void refuse(Problem problem) {
        refusalListener.accept(problem.error());
        if (span != null) {
            span.onRefused(problem.error());
        }
        response.putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE);
        if (problem.retryAfterSeconds() > 0) {
            response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(problem.retryAfterSeconds()));
        }
        if (problem.challenge() != null) {
            response.putHeader("WWW-Authenticate", problem.challenge());
        }
        answer(problem.error().status(), PROBLEM_JSON, Buffer.buffer(problem.json()));
    }

    void answerEmpty(int status) {
        answer(status, null, Buffer.buffer());
    }

    void answer(int status, @Nullable CharSequence contentType, Buffer body) {
        if (answered || !Context.isOnEventLoopThread()) {
            throw new IllegalStateException("an exchange has one answer, given on its event loop");
        }
        answered = true;
        answerListener.run();
        if (span != null) {
            span.onAnswered(status);
        }
        connections.onAnswer(request.connection());
        if (response.closed()) {
            return; // the client hung up, which is no error
        }
        response.setStatusCode(status);
        response.putHeader(HttpHeaders.DATE, connections.date());
        response.putHeader(CONTENT_TYPE_OPTIONS, NOSNIFF);
        cors.mark(response, header(HttpHeaders.ORIGIN));
        if (contentType != null) {
            response.putHeader(HttpHeaders.CONTENT_TYPE, contentType);
        }
        boolean closing = bodyMustBeCutOff();
        if (closing || connections.areDraining()) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        if (HttpMethod.HEAD.equals(request.method())) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
            response.end();
        } else {
            response.end(body);
        }
        if (closing) {
            linger();
        }
    }

    /** Whether more of the request is to come than is worth reading, or nobody knows whether it will come. */
    private boolean bodyMustBeCutOff() {
        if (request.isEnded()) {
            return false;
        }
        return tookTooLong
                || request.decoderResult().isFailure()
                || header(HttpHeaders.EXPECT) != null
                || header(HttpHeaders.TRANSFER_ENCODING) != null
                || contentLength() > skippableBodyBytes;
    }

    /** What the request announced; 0 where it announced nothing. The decoder has made sure that it is a number. */
    long contentLength() {
        String length = header(HttpHeaders.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length.trim());
        } catch (NumberFormatException _) {
            return Long.MAX_VALUE; // more digits than anybody sends: as good as endless
        }
    }

    /** A socket closed with unread bytes in it is reset, and the reset may overtake the answer (RFC 9112 §9.6). */
    private void linger() {
        long timer = context.owner()
                .setTimer(LINGER_MILLIS, _ -> request.connection().close());
        request.handler(_ -> {});
        request.endHandler(_ -> {
            context.owner().cancelTimer(timer);
            request.connection().close();
        });
    }

    /** Ours to mend: logs it, and tells the client where. */
    void fail(Throwable failure) {
        UUID occurrence = UUID.randomUUID();
        log.error("A request failed, told to the client as {}", occurrence, failure);
        if (!answered) {
            refuse(Problem.internal(occurrence));
        }
    }
}
