package io.whimbrel.auth;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Asks the web server whose token it is, over HTTP. Equal questions share one request and its answer; above the limit
 * of requests questions wait their turn, and above the limit of waiting they are answered "unavailable" at once. No
 * answer is remembered. Safe for any thread; never blocks. Stages complete on threads of this class or of the JDK's
 * timer, which must not be held up.
 *
 * <pre>
 *   verify ──▶ waiting ──▶ in flight ──▶ answered      a question leaves either place early when its time is over
 * </pre>
 */
public final class WebServerVerifier implements TokenVerifier, AutoCloseable {
    private static final int MAX_ANSWER_BYTES = 64 * 1024;
    private static final Duration CLOSING_PATIENCE = Duration.ofSeconds(1);

    private final WebServerSettings settings;
    private final TopicsClaim topics;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("auth-http-", 0).factory());
    private final HttpClient http;
    private final BodyHandler<byte[]> body = BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES);

    private final ReentrantLock lock = new ReentrantLock(); // guards the four fields below
    private final Map<String, Question> open = new HashMap<>();
    private final LinkedHashSet<Question> waiting = new LinkedHashSet<>();
    private int inFlight;
    private boolean closed;

    /** Reads the file of trusted certificates; what is wrong with it is an {@link IllegalArgumentException}. */
    public WebServerVerifier(WebServerSettings settings) {
        this.settings = settings;
        topics = new TopicsClaim(settings.maxTopics());
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(settings.timeout())
                .executor(threads);
        if (!settings.trustFile().isEmpty()) {
            builder.sslContext(TrustedCertificates.read(WebServerSettings.TRUST, Path.of(settings.trustFile())));
        }
        http = builder.build();
    }

    @Override
    public CompletionStage<TokenVerdict> verify(String token) {
        Optional<String> pathSegment = TokenInUrl.encode(token);
        if (pathSegment.isEmpty()) {
            return CompletableFuture.completedStage(new TokenVerdict.Invalid());
        }
        Question question;
        boolean hasPlace;
        lock.lock();
        try {
            if (closed) {
                return unavailable("closed");
            }
            Question same = open.get(token);
            if (same != null) {
                return same.answer.minimalCompletionStage();
            }
            hasPlace = inFlight < settings.maxInFlight();
            if (!hasPlace && waiting.size() >= settings.maxWaiting()) {
                return unavailable("too many questions wait for the web server");
            }
            question = new Question(token, request(pathSegment.get()));
            open.put(token, question);
            if (hasPlace) {
                inFlight++;
            } else {
                waiting.add(question);
            }
        } finally {
            lock.unlock();
        }
        question.outcome.completeOnTimeout(
                new TokenVerdict.Unavailable("the web server did not answer within " + settings.timeout()),
                settings.timeout().toNanos(),
                TimeUnit.NANOSECONDS);
        if (hasPlace) {
            ask(question);
        }
        return question.answer.minimalCompletionStage();
    }

    /** Requests at this moment. */
    public int inFlight() {
        lock.lock();
        try {
            return inFlight;
        } finally {
            lock.unlock();
        }
    }

    /** Questions that wait to become requests. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Answers everything open with "unavailable". */
    @Override
    public void close() {
        List<Question> unanswered;
        lock.lock();
        try {
            closed = true;
            unanswered = new ArrayList<>(open.values());
        } finally {
            lock.unlock();
        }
        unanswered.forEach(question -> question.outcome.complete(new TokenVerdict.Unavailable("closed")));
        http.shutdownNow();
        try {
            http.awaitTermination(CLOSING_PATIENCE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        threads.shutdownNow();
    }

    private void ask(Question question) {
        if (question.outcome.isDone()) {
            return;
        }
        CompletableFuture<HttpResponse<byte[]>> exchange;
        try {
            exchange = http.sendAsync(question.request, body);
        } catch (RejectedExecutionException _) {
            question.outcome.complete(new TokenVerdict.Unavailable("closed"));
            return;
        }
        question.exchange = exchange;
        if (question.outcome.isDone()) {
            exchange.cancel(true); // its time was over before there was anything to cancel
        }
        CompletableFuture<Boolean> _ = exchange.handle((response, failure) -> question.outcome.complete(
                response == null
                        ? new TokenVerdict.Unavailable(reason(failure))
                        : WebServerAnswer.read(question.token, topics, response)));
    }

    /** Gives the place of an answered question to the one that has waited longest. */
    private void leave(Question question) {
        Question next = null;
        lock.lock();
        try {
            open.remove(question.token, question);
            if (!waiting.remove(question)) {
                next = closed || waiting.isEmpty() ? null : waiting.removeFirst();
                if (next == null) {
                    inFlight--;
                }
            }
        } finally {
            lock.unlock();
        }
        CompletableFuture<?> exchange = question.exchange;
        if (exchange != null) {
            exchange.cancel(true);
        }
        if (next != null) {
            ask(next);
        }
    }

    private HttpRequest request(String pathSegment) {
        return HttpRequest.newBuilder(URI.create(settings.url().replace(WebServerSettings.PLACEHOLDER, pathSegment)))
                .header("Accept", "application/json")
                .GET()
                .build();
    }

    /** By kind only: messages of failures may quote the address, and with it the token. */
    private static String reason(@Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException wrapper && wrapper.getCause() != null
                ? wrapper.getCause()
                : failure;
        return "asking the web server failed: "
                + (cause == null ? "no answer" : cause.getClass().getSimpleName());
    }

    private static CompletionStage<TokenVerdict> unavailable(String why) {
        return CompletableFuture.completedStage(new TokenVerdict.Unavailable(why));
    }

    private final class Question {
        private final String token;
        private final HttpRequest request;
        private final CompletableFuture<TokenVerdict> outcome = new CompletableFuture<>();
        /** Told only after the question has left, so that who asks again upon it asks the web server again. */
        private final CompletableFuture<TokenVerdict> answer = outcome.thenApply(verdict -> {
            leave(this);
            return verdict;
        });

        private volatile @Nullable CompletableFuture<?> exchange;

        Question(String token, HttpRequest request) {
            this.token = token;
            this.request = request;
        }
    }
}
