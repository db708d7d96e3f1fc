package io.whimbrel.launcher;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A short life with everything in it, from whose classes the JVM makes the cache that lets later starts be quick. */
@Command(name = "train", hidden = true, description = "Starts everything, sends messages to itself and stops.")
final class TrainCommand implements Callable<Integer> {
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final int MESSAGES = 200;
    private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]+)\",\"uuid\":\"([^\"]+)\"");

    @Parameters(paramLabel = "FOLDER", description = "For the data of this run.")
    Path folder = Path.of("");

    @Override
    public Integer call() throws Exception {
        Map<String, String> given = new HashMap<>(Map.of(
                "web.port",
                "0",
                "gateway.port",
                "0",
                "redis.port",
                "0",
                "web.admin.port",
                "0",
                "gateway.admin.port",
                "0",
                "log.level",
                "warn"));
        given.put("gateway.drain.seconds", "0");
        Settings settings = new Settings(given, folder).withDefaults(Whole.DEFAULTS);
        Logging.configure(settings);
        try (Whole whole = Whole.start(settings);
                HttpClient http = HttpClient.newHttpClient()) {
            converse(http, URI.create("http://localhost:" + whole.webPort()), whole.gatewayPort());
        }
        return 0;
    }

    private static void converse(HttpClient http, URI web, int gatewayPort) throws Exception {
        get(http, web.resolve("/"));
        Matcher client = TOKEN.matcher(get(http, web.resolve("/token")));
        if (!client.find()) {
            throw new IOException("GET /token answered without a token");
        }
        String token = client.group(1);
        get(http, web.resolve("/auth/" + token));
        CompletableFuture<Void> all = new CompletableFuture<>();
        WebSocket socket = http.newWebSocketBuilder()
                .connectTimeout(DEADLINE)
                .buildAsync(URI.create("ws://localhost:%d/ws?token=%s".formatted(gatewayPort, token)), counting(all))
                .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        String body = "{\"uuid_remote\":\"%s\",\"uuid_local\":\"%s\",\"message\":\"hello\"}"
                .formatted(client.group(2), token);
        for (int i = 0; i < MESSAGES; i++) {
            http.send(
                    HttpRequest.newBuilder(web.resolve("/publish"))
                            .timeout(DEADLINE)
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(body))
                            .build(),
                    BodyHandlers.ofString());
        }
        all.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    private static String get(HttpClient http, URI uri) throws IOException, InterruptedException {
        var answer = http.send(HttpRequest.newBuilder(uri).timeout(DEADLINE).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("GET %s answered %d".formatted(uri.getPath(), answer.statusCode()));
        }
        return answer.body();
    }

    /** Completes after the hundredth message: a sender's burst is that large, further ones may be refused. */
    private static WebSocket.Listener counting(CompletableFuture<Void> enough) {
        return new WebSocket.Listener() {
            private int count;

            @Override
            public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                if (last && ++count == MESSAGES / 2) {
                    enough.complete(null);
                }
                return WebSocket.Listener.super.onText(socket, data, last);
            }
        };
    }
}
