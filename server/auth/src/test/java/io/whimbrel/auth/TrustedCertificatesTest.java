package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedCertificatesTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    private Path folder;

    private Path certificate = Path.of("");
    private HttpsServer server;

    @BeforeEach
    void start() throws Exception {
        KeyStore own = certificateOfLocalhost();
        certificate = TestKeys.write(
                folder.resolve("ca.pem"),
                TestKeys.pem("CERTIFICATE", own.getCertificate("web").getEncoded()));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            try (exchange) {
                FakeWebServer.send(exchange, 200, "{\"auth\":true}");
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void onlyATrustedServerIsBelievedAndOnlyUnderItsName() {
        assertThat(verdict("localhost", certificate.toString())).isInstanceOf(TokenVerdict.Valid.class);
        assertThat(verdict("localhost", "")).isInstanceOf(TokenVerdict.Unavailable.class);
        assertThat(verdict("127.0.0.1", certificate.toString())).isInstanceOf(TokenVerdict.Unavailable.class);
    }

    @Test
    void fileThatCannotBeUsedStopsTheStartWithASentence() throws Exception {
        assertRefused(folder.resolve("absent"), "cannot be read");
        assertRefused(TestKeys.write(folder.resolve("empty"), ""), "holds no PEM block '-----BEGIN CERTIFICATE-----'");
        assertRefused(
                TestKeys.write(folder.resolve("damaged"), TestKeys.pem("CERTIFICATE", new byte[] {1, 2})),
                "holds a certificate that is damaged");
        assertRefused(TestKeys.write(folder.resolve("large"), "x".repeat(1024 * 1024 + 1)), "is larger than");
    }

    private void assertRefused(Path file, String sentence) {
        assertThatThrownBy(() -> new WebServerVerifier(settings("localhost", file.toString())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gateway.auth.trust: " + file)
                .hasMessageContaining(sentence);
    }

    private TokenVerdict verdict(String host, String trust) {
        try (WebServerVerifier verifier = new WebServerVerifier(settings(host, trust))) {
            return Answers.of(verifier.verify("t"));
        }
    }

    private WebServerSettings settings(String host, String trust) {
        String url =
                "https://%s:%d/auth/{token}".formatted(host, server.getAddress().getPort());
        return new WebServerSettings(url, Duration.ofSeconds(10), 1, 1, 0, trust);
    }

    private KeyStore certificateOfLocalhost() throws Exception {
        Path store = folder.resolve("store.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
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
                        store.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor(20, TimeUnit.SECONDS) && keytool.exitValue() == 0)
                .as(said)
                .isTrue();
        KeyStore made = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            made.load(in, PASSWORD);
        }
        return made;
    }
}
