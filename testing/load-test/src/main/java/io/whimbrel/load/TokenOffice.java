package io.whimbrel.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Gets identities: new ones from {@code GET /token}, or those of a file, whose addresses {@code GET /auth/{token}} tells.
 * So many requests at a time as there are links. Made and asked on the main thread, works on the first event loop.
 */
final class TokenOffice {
    private static final JsonFactory JSON = new JsonFactory();
    private static final long STALL_SECONDS = 30;
    private static final int OK = 200;

    private final Wire wire;
    private final EventLoop loop;
    private final int wanted;
    private final Deque<String> questions;
    private final List<Identity> found = new ArrayList<>();
    private final AtomicInteger progress = new AtomicInteger();
    private final CompletableFuture<List<Identity>> done = new CompletableFuture<>();
    private final List<HttpLink> links = new ArrayList<>();

    private TokenOffice(Wire wire, List<String> questions) {
        this.wire = wire;
        this.loop = wire.loops().first();
        this.questions = new ArrayDeque<>(questions);
        this.wanted = questions.size();
    }

    /** New identities. */
    static List<Identity> issue(Wire wire, int count, int linkCount) {
        return new TokenOffice(wire, java.util.Collections.nCopies(count, "/token")).run(linkCount);
    }

    /** The identities of a file with one token a line. */
    static List<Identity> read(Wire wire, Path file, int count, int linkCount) {
        List<String> tokens = tokens(file);
        if (tokens.size() < count) {
            throw new BenchException("%s holds %d tokens, but %d are needed: add some, or leave --tokens out"
                    .formatted(file, tokens.size(), count));
        }
        List<String> questions =
                tokens.subList(0, count).stream().map(token -> "/auth/" + token).toList();
        return new TokenOffice(wire, questions).run(linkCount);
    }

    private static List<String> tokens(Path file) {
        try (var lines = Files.lines(file)) {
            List<String> tokens =
                    lines.map(String::strip).filter(line -> !line.isEmpty()).toList();
            if (tokens.stream().anyMatch(token -> !token.matches("[A-Za-z0-9._~+/=-]+"))) {
                throw new BenchException("A line of %s is no token".formatted(file));
            }
            return tokens;
        } catch (IOException e) {
            throw new BenchException("The tokens in %s cannot be read: %s".formatted(file, e), e);
        }
    }

    private List<Identity> run(int linkCount) {
        if (wanted == 0) {
            return List.of();
        }
        loop.execute(() -> {
            for (int i = 0; i < Math.min(linkCount, wanted); i++) {
                Desk desk = new Desk();
                links.add(desk.link);
                desk.askNext();
            }
        });
        try {
            return await();
        } finally {
            loop.execute(() -> links.forEach(HttpLink::close));
        }
    }

    private List<Identity> await() {
        int before = -1;
        while (true) {
            try {
                return done.get(STALL_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                int now = progress.get();
                if (now == before) {
                    throw new BenchException(
                            "%s gave no token for %d s".formatted(wire.web().authority(), STALL_SECONDS), e);
                }
                before = now;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BenchException("interrupted", e);
            } catch (ExecutionException e) {
                @Nullable Throwable cause = e.getCause();
                throw new BenchException(String.valueOf((cause == null ? e : cause).getMessage()), e);
            }
        }
    }

    private static @Nullable String field(String json, String name) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            for (JsonToken next = parser.nextToken(); next != null; next = parser.nextToken()) {
                if (next == JsonToken.FIELD_NAME && parser.currentName().equals(name)) {
                    return parser.nextTextValue();
                }
            }
            return null;
        }
    }

    /** One connection and the question it is busy with. */
    private final class Desk implements HttpLink.Asker {
        private final HttpLink link = new HttpLink(wire, loop, this);
        private String path = "";

        private void askNext() {
            String next = questions.poll();
            if (next == null) {
                return;
            }
            path = next;
            ByteBuf request = link.buffer();
            ByteBufUtil.writeAscii(
                    request, "GET " + path + " HTTP/1.1\r\nHost: " + wire.web().authority() + "\r\n\r\n");
            link.ask(request);
        }

        @Override
        public void onAnswer(HttpLink link, HttpAnswer answer) {
            try {
                found.add(identity(answer));
            } catch (BenchException | IOException e) {
                done.completeExceptionally(e);
                return;
            }
            progress.incrementAndGet();
            if (found.size() == wanted) {
                done.complete(List.copyOf(found));
                return;
            }
            askNext();
        }

        private Identity identity(HttpAnswer answer) throws IOException {
            boolean issued = path.equals("/token");
            if (answer.status() != OK) {
                throw new BenchException(
                        "GET %s at %s answered %d: the bench needs tokens that anybody may have, or --tokens"
                                .formatted(
                                        issued ? "/token" : "/auth/…",
                                        wire.web().authority(),
                                        answer.status()));
            }
            @Nullable String token = issued ? field(answer.body(), "token") : path.substring("/auth/".length());
            @Nullable String address = field(answer.body(), "uuid");
            if (token == null || address == null) {
                throw new BenchException(
                        issued ? "GET /token answered without a token" : "A token of --tokens is not valid");
            }
            return Identity.of(token, address);
        }

        @Override
        public void onBreak(HttpLink link, String why) {
            done.completeExceptionally(
                    new BenchException("The web server %s does not answer (%s): start it, or correct --web"
                            .formatted(wire.web().authority(), why)));
        }
    }
}
