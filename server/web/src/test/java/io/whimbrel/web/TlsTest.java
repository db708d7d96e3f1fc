package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TlsSettings;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
    private static final String REQUEST = "GET /token HTTP/1.1\r\nHost: x\r\n\r\n";

    @TempDir
    private static Path folder;

    private static TestCertificates one;
    private static TestCertificates two;

    private final RunningWeb web = new RunningWeb();

    @BeforeAll
    static void makeCertificates() throws Exception {
        one = TestCertificates.make(folder, "one");
        two = TestCertificates.make(folder, "two");
    }

    @BeforeEach
    void configure() throws Exception {
        use(one);
        web.tls = TlsFiles.open(
                new TlsSettings(folder.resolve("tls.crt"), folder.resolve("tls.key"), Duration.ofMillis(20)));
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    @Test
    void speaksTlsWithHttp11AndNothingElse() throws Exception {
        web.start();

        try (SSLSocket socket = connect("h2", "http/1.1")) {
            assertThat(ask(socket)).startsWith("HTTP/1.1 200 OK\r\n").contains("\"token\":");
            assertThat(socket.getApplicationProtocol())
                    .as("HTTP/2 is not chosen")
                    .isNotEqualTo("h2");
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
        assertThat(web.raw(REQUEST)).as("in plain").doesNotContain("HTTP/1.1");
    }

    @Test
    void newCertificateIsTakenIntoUseWithoutDroppingConnections() throws Exception {
        web.start();

        try (SSLSocket old = connect()) {
            assertThat(ask(old)).startsWith("HTTP/1.1 200 OK\r\n");
            use(two);
            await().atMost(RunningWeb.DEADLINE)
                    .until(() -> nameOnNewConnections().equals(List.of("CN=two")));

            assertThat(ask(old)).as("on the connection from before").startsWith("HTTP/1.1 200 OK\r\n");
            assertThat(nameOf(old)).isEqualTo("CN=one");
        }
    }

    @Test
    void clientThatDoesNotFinishItsHandshakeIsClosed() throws Exception {
        web.draft.requestTimeout = Duration.ofMillis(100);
        web.start();

        try (Socket socket = web.connect()) {
            socket.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 0x02, 0x00});

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** Enough connections to meet every event loop. */
    private List<String> nameOnNewConnections() throws Exception {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
            try (SSLSocket socket = connect()) {
                socket.startHandshake();
                names.add(nameOf(socket));
            }
        }
        return names.stream().distinct().toList();
    }

    private static String nameOf(SSLSocket socket) throws Exception {
        X509Certificate certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        return certificate.getSubjectX500Principal().toString();
    }

    private static String ask(SSLSocket socket) throws Exception {
        socket.getOutputStream().write(REQUEST.getBytes(ISO_8859_1));
        InputStream in = socket.getInputStream();
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("}")) { // the body is one JSON object, and the last thing to come
            int next = in.read();
            assertThat(next).as("after %s", answer).isNotNegative();
            answer.append((char) next);
        }
        return answer.toString();
    }

    private SSLSocket connect(String... protocols) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anybody()}, null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), web.server().port());
        socket.setSoTimeout((int) RunningWeb.DEADLINE.toMillis());
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        return socket;
    }

    private static void use(TestCertificates next) throws Exception {
        for (Path from : List.of(next.certificate(), next.key())) {
            String extension = from.equals(next.key()) ? "key" : "crt";
            Path copy = Files.copy(from, folder.resolve("new." + extension), StandardCopyOption.REPLACE_EXISTING);
            Files.move(copy, folder.resolve("tls." + extension), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Trusts whoever answers: which certificate it is, is what the tests look at. */
    private static final class Anybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, @Nullable String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, @Nullable String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
