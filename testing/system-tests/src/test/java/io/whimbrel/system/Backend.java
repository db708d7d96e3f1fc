package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Who publishes with an API key, and therefore as fast as it likes. */
record Backend(int webPort) {
    private static final String KEY = "key-of-a-backend";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What the web server must be started with. */
    static final String SETTING = "--web.api-keys=" + KEY;

    /** Publishes; answers what the web server says, which must be 200. */
    JsonNode publish(String address, String messageJson) throws Exception {
        return publish(address, messageJson, "");
    }

    /** @param more fields of the request, such as {@code ,"receipt":"written"} */
    JsonNode publish(String address, String messageJson, String more) throws Exception {
        return post("\"uuid_remote\":\"%s\",\"message\":%s%s".formatted(address, messageJson, more));
    }

    JsonNode publishToTopic(String topic, String messageJson, String more) throws Exception {
        return post("\"topic\":\"%s\",\"message\":%s%s".formatted(topic, messageJson, more));
    }

    private JsonNode post(String fields) throws Exception {
        HttpResponse<String> response =
                Client.post(webPort, "/publish", "application/json", '{' + fields + '}', Map.of("X-API-Key", KEY));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    /** With an idempotency key, whatever comes of it. */
    CompletableFuture<HttpResponse<String>> publishOnce(String address, String messageJson, String key) {
        HttpRequest request = request("/publish")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", '"' + key + '"')
                .POST(BodyPublishers.ofString(
                        "{\"uuid_remote\":\"%s\",\"message\":%s}".formatted(address, messageJson)))
                .build();
        return Client.HTTP.sendAsync(request, BodyHandlers.ofString());
    }

    /** What became of a message. */
    JsonNode message(String id) throws Exception {
        HttpResponse<String> response =
                Client.HTTP.send(request("/messages/" + id).build(), BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    String state(String id) throws Exception {
        return message(id).path("state").asText();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + webPort + path))
                .timeout(Part.DEADLINE)
                .header("X-API-Key", KEY);
    }
}
