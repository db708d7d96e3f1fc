package io.whimbrel.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code whimbrel up} with a certificate: who asks for it by its name and trusts it is served, and nobody in plain. */
class TlsTest {
    private static final Pattern PAGE = Pattern.compile("page +https://localhost:(\\d+)/");
    private static final Pattern GATEWAY = Pattern.compile("gateway +wss://localhost:(\\d+)/ws");
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String SECRET = "a-secret-of-this-test-and-of-nobody-else";
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    private Path folder;

    @Test
    void backendPublishesToATopicAndWhoseTokenNamesItReceivesItByTls() throws Exception {
        KeyStore own = certificateOfLocalhost();
        try (Part up = up();
                HttpClient http =
                        HttpClient.newBuilder().sslContext(trusting(own)).build()) {
            String web = "https://localhost:" + up.awaitInLog(PAGE).group(1);
            String gateway = "wss://localhost:" + up.awaitInLog(GATEWAY).group(1) + "/ws?token=";
            String token = MAPPER.readTree(http.send(request(web + "/token").build(), BodyHandlers.ofString())
                            .body())
                    .get("token")
                    .textValue();
            CompletableFuture<String> received = new CompletableFuture<>();
            WebSocket reader = http.newWebSocketBuilder()
                    .buildAsync(
                            URI.create(gateway + Tokens.withTopics(token, SECRET, "news")), new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                                    received.complete(data.toString());
                                    return CompletableFuture.completedStage(null);
                                }
                            })
                    .get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            HttpRequest publish = request(web + "/publish")
                    .header("Content-Type", "application/json")
                    .header("X-API-Key", "key-of-a-backend")
                    .POST(BodyPublishers.ofString("{\"topic\":\"news\",\"message\":1}"))
                    .build();

            String answer = http.send(publish, BodyHandlers.ofString()).body();

            assertThat(answer).startsWith("{\"status\":true,").endsWith("\"online\":true,\"stored\":false}");
            assertThat(received.get(Part.DEADLINE.toSeconds(), TimeUnit.SECONDS))
                    .startsWith("{\"message\":1,")
                    .endsWith("\"topic\":\"news\"}");
            reader.abort();
        }
    }

    private static HttpRequest.Builder request(String uri) {
        return HttpRequest.newBuilder(URI.create(uri)).timeout(Part.DEADLINE);
    }

    private Part up() throws Exception {
        return Part.start(
                "up",
                "--web.host=127.0.0.1",
                "--gateway.host=127.0.0.1",
                "--web.port=0",
                "--gateway.port=0",
                "--web.admin.port=0",
                "--gateway.admin.port=0",
                "--broker=memory",
                "--web.api-keys=key-of-a-backend",
                "--auth.secret=" + SECRET,
                "--data=" + folder.resolve("data"),
                "--tls.certificate=" + folder.resolve("tls.crt"),
                "--tls.key=" + folder.resolve("tls.key"));
    }

    private static SSLContext trusting(KeyStore own) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("web", own.getCertificate("web"));
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    /** By the JDK's own keytool, and as the two files an operator has. */
    private KeyStore certificateOfLocalhost() throws Exception {
        Path store = folder.resolve("store.p12");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "web",
                "-dname",
                "CN=web",
                "-ext",
                "san=dns:localhost",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                store.toString());
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor(20, TimeUnit.SECONDS) && keytool.exitValue() == 0)
                .as(said)
                .isTrue();
        KeyStore made = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            made.load(in, PASSWORD);
        }
        write("tls.crt", "CERTIFICATE", made.getCertificate("web").getEncoded());
        write("tls.key", "PRIVATE KEY", made.getKey("web", PASSWORD).getEncoded());
        return made;
    }

    private void write(String name, String label, byte[] der) throws Exception {
        String text = Base64.getMimeEncoder().encodeToString(der);
        Files.writeString(
                folder.resolve(name), "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n".formatted(label, text));
    }
}
