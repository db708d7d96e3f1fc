package io.whimbrel.launcher;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * How a command asks the web server for something as a backend does: with an API key, which no command line shows. A picocli
 * mixin; what goes wrong is a {@link StartException} in one sentence.
 */
final class BackendCalls {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String KEY_SETTING = "web.api-keys";
    private static final int UNAUTHORIZED = 401;

    @Option(
            names = "--web",
            paramLabel = "<url>",
            defaultValue = "http://localhost:5000",
            description = "The web server. Default: ${DEFAULT-VALUE}")
    String web = "";

    @Option(
            names = "--api-key-file",
            paramLabel = "<file>",
            description = "Holds one of its web.api-keys. Default: the first one of WHIMBREL_WEB_API_KEYS")
    @Nullable
    Path apiKeyFile;

    /**
     * The answer to a request that the web server granted.
     *
     * @param path with its slash in front
     */
    JsonObject get(String path) {
        return send(request(path).GET());
    }

    JsonObject post(String path, JsonObject body) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.encode())));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(PATIENCE).header("X-API-Key", apiKey(System.getenv()));
    }

    private URI uri(String path) {
        String base = web.endsWith("/") ? web.substring(0, web.length() - 1) : web;
        try {
            URI uri = new URI(base + path);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (java.net.URISyntaxException _) {
            // told below
        }
        throw new IllegalArgumentException("--web is \"%s\"; it must look like http://localhost:5000".formatted(web));
    }

    private String apiKey(Map<String, String> environment) {
        String key = apiKeyFile == null ? firstOf(environment) : inFile(apiKeyFile);
        if (key.isEmpty()) {
            throw new IllegalArgumentException(
                    "an API key is missing: name a file that holds one of the web server's web.api-keys with"
                            + " --api-key-file, or set WHIMBREL_WEB_API_KEYS");
        }
        if (!key.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new IllegalArgumentException("the API key is none: it must be visible ASCII without spaces");
        }
        return key;
    }

    private static String firstOf(Map<String, String> environment) {
        String keys = SettingSources.environment(environment).getOrDefault(KEY_SETTING, "");
        return keys.split(",", 2)[0].strip();
    }

    private static String inFile(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("--api-key-file %s cannot be read: %s".formatted(file, e), e);
        }
    }

    private JsonObject send(HttpRequest.Builder request) {
        try (HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build()) {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return granted(response);
        } catch (HttpTimeoutException e) {
            throw new StartException("The web server at %s did not answer in time".formatted(web), e);
        } catch (ConnectException e) {
            throw new StartException("Nobody answers at %s: is the web server there?".formatted(web), e);
        } catch (IOException e) {
            throw new StartException("The web server at %s could not be asked: %s".formatted(web, e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("Interrupted", e);
        }
    }

    private JsonObject granted(HttpResponse<String> response) {
        JsonObject answer;
        try {
            answer = new JsonObject(response.body());
        } catch (DecodeException e) {
            throw new StartException(
                    "What answers at %s with status %d is no Whimbrel web server, or an older one"
                            .formatted(web, response.statusCode()),
                    e);
        }
        if (response.statusCode() == UNAUTHORIZED) {
            throw new StartException("The web server at %s does not know this API key".formatted(web));
        }
        if (response.statusCode() != 200) {
            throw new StartException("The web server at %s refused (%d): %s"
                    .formatted(web, response.statusCode(), answer.getString("detail", "it does not say why")));
        }
        return answer;
    }
}
