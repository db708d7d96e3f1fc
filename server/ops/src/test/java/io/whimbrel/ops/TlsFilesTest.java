package io.whimbrel.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsFilesTest {
    @TempDir
    private static Path certificates;

    private static TestCertificates known;

    @TempDir
    private Path folder;

    private final List<String> told = new ArrayList<>();
    private int writes;

    @BeforeAll
    static void makeCertificates() throws Exception {
        known = new TestCertificates(certificates)
                .own("root", "-ext", "bc:c")
                .signed("leaf", "root")
                .own("one")
                .own("two")
                .own("rsa", "-keyalg", "RSA", "-keysize", "2048")
                .own("edwards", "-keyalg", "Ed25519")
                .own("old", "-startdate", "-20d", "-validity", "10");
    }

    // ---- what is read

    @ParameterizedTest
    @ValueSource(strings = {"one", "rsa", "edwards", "old"})
    void certificateAndKeyAreReadTogether(String alias) throws Exception {
        put(known.certificate(alias), known.key(alias));

        try (TlsFiles files = files()) {
            assertThat(names(files.identity())).isEqualTo("CN=" + alias);
            assertThat(files.identity().key().getEncoded())
                    .isEqualTo(known.privateKey(alias).getEncoded());
            assertThat(files.identity().keyManagers().getKeyManagers()).hasSize(1);
            assertThat(files.identity().toString()).startsWith("TlsIdentity[CN=" + alias + " until ");
        }
    }

    @Test
    void chainIsReadInItsOrder() throws Exception {
        put("# bundle\n" + known.certificate("leaf") + "subject=root\n" + known.certificate("root"), known.key("leaf"));

        try (TlsFiles files = files()) {
            assertThat(names(files.identity())).isEqualTo("CN=leaf, CN=root");
            assertThat(files.identity().keyManagers().getKeyManagers()).hasSize(1);
        }
    }

    @Test
    void oneFileMayHoldBoth() throws Exception {
        Path both = Files.writeString(folder.resolve("both.pem"), known.key("one") + known.certificate("one"));

        try (TlsFiles files = new TlsFiles(settings(both, both), InstantSource.system())) {
            assertThat(names(files.identity())).isEqualTo("CN=one");
        }
    }

    @Test
    void rsaKeysOfTheOlderFormAreReadToo() throws Exception {
        byte[] pkcs8 = known.privateKey("rsa").getEncoded();
        byte[] pkcs1 =
                Arrays.copyOfRange(pkcs8, 26, pkcs8.length); // behind the head, which is that long for 2,048 bits
        put(known.certificate("rsa"), TestCertificates.pem("RSA PRIVATE KEY", pkcs1));

        try (TlsFiles files = files()) {
            assertThat(files.identity().key().getEncoded()).isEqualTo(pkcs8);
        }
    }

    @Test
    void whatCannotBeUsedStopsTheStartWithASentence() throws Exception {
        String certificate = known.certificate("one");
        String key = known.key("one");
        String cut = certificate.substring(0, certificate.length() / 2);

        assertRefused(
                "", key, "tls.certificate: %s holds no PEM block '-----BEGIN CERTIFICATE-----'", "certificate.pem");
        assertRefused(cut, key, "tls.certificate: %s holds no PEM block", "certificate.pem");
        assertRefused(key, key, "tls.certificate: %s holds no PEM block", "certificate.pem");
        assertRefused(
                TestCertificates.pem("CERTIFICATE", new byte[] {0x30, 0x03, 1, 2}),
                key,
                "tls.certificate: %s holds a certificate that is damaged",
                "certificate.pem");
        assertRefused(
                known.certificate("root") + known.certificate("leaf"),
                known.key("root"),
                "tls.certificate: certificate 2 of %s did not sign the one before it",
                "certificate.pem");
        assertRefused(certificate, "", "tls.key: %s holds no PEM block '-----BEGIN PRIVATE KEY-----'", "key.pem");
        assertRefused(certificate, certificate, "tls.key: %s holds no PEM block", "key.pem");
        assertRefused(certificate, known.key("two"), "tls.key: %s does not hold the key of the certificate", "key.pem");
        assertRefused(certificate, known.key("rsa"), "tls.key: %s does not hold the key of the certificate", "key.pem");
        assertRefused(
                certificate,
                TestCertificates.pem("PRIVATE KEY", new byte[] {1, 2, 3}),
                "tls.key: %s does not hold the key of the certificate",
                "key.pem");
        assertRefused(
                known.certificate("rsa"),
                TestCertificates.pem("RSA PRIVATE KEY", new byte[0]),
                "tls.key: %s does not hold the key of the certificate",
                "key.pem");
        assertRefused(
                certificate,
                TestCertificates.pem("EC PRIVATE KEY", new byte[] {1}),
                "tls.key: %s holds a 'EC PRIVATE KEY'; it must hold a 'PRIVATE KEY', which openssl pkcs8",
                "key.pem");
        assertRefused(
                certificate,
                TestCertificates.pem("ENCRYPTED PRIVATE KEY", new byte[] {1}),
                "tls.key: %s holds a 'ENCRYPTED PRIVATE KEY'",
                "key.pem");
        assertRefused("x".repeat(1024 * 1024 + 1), key, "tls.certificate: %s is larger than", "certificate.pem");
        Files.delete(folder.resolve("key.pem"));
        assertThatThrownBy(this::files)
                .hasMessageContaining("tls.key: " + folder.resolve("key.pem") + " cannot be read");
    }

    @Test
    void intervalHasARange() {
        assertThatThrownBy(() -> new TlsSettings(Path.of("a"), Path.of("b"), Duration.ZERO))
                .hasMessage("tls.reload-interval is PT0S; it may be 10 ms to 1 day");
    }

    // ---- what changes

    @Test
    void followerHearsOfEveryChangeAndOfNothingElse() throws Exception {
        put("one");
        try (TlsFiles files = following()) {
            files.look();
            put("two");
            files.look();
            files.look();
            touch();
            files.look();
            put("one");
            files.look();

            assertThat(told).containsExactly("CN=one", "CN=two", "CN=one");
            assertThat(names(files.identity())).isEqualTo("CN=one");
        }
    }

    @Test
    void certificateWhoseKeyComesLaterWaitsForIt() throws Exception {
        put("one");
        try (TlsFiles files = following()) {
            Files.writeString(folder.resolve("certificate.pem"), known.certificate("two"));
            files.look();
            files.look();
            assertThat(told).as("before the key is there").containsExactly("CN=one");
            assertThat(names(files.identity())).isEqualTo("CN=one");

            Files.writeString(folder.resolve("key.pem"), known.key("two"));
            files.look();
            assertThat(told).containsExactly("CN=one", "CN=two");
        }
    }

    @Test
    void filesThatAreGoneOrBrokenLeaveTheOldPairInUse() throws Exception {
        put("one");
        try (TlsFiles files = following()) {
            Files.delete(folder.resolve("certificate.pem"));
            files.look();
            Files.writeString(folder.resolve("certificate.pem"), "broken");
            files.look();
            assertThat(names(files.identity())).isEqualTo("CN=one");

            put("two");
            files.look();
            assertThat(told).containsExactly("CN=one", "CN=two");
        }
    }

    /** Kubernetes: certificate.pem -> ..data/certificate.pem, ..data -> a folder, and only the last one is replaced. */
    @Test
    void linkThatIsReplacedAtOnceIsNoticed() throws Exception {
        for (String alias : List.of("one", "two")) {
            Path version = Files.createDirectory(folder.resolve("version-" + alias));
            Files.writeString(version.resolve("certificate.pem"), known.certificate(alias));
            Files.writeString(version.resolve("key.pem"), known.key(alias));
            FileTime same = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
            Files.setLastModifiedTime(version.resolve("certificate.pem"), same);
            Files.setLastModifiedTime(version.resolve("key.pem"), same);
        }
        Path data = Files.createSymbolicLink(folder.resolve("..data"), Path.of("version-one"));
        Files.createSymbolicLink(folder.resolve("certificate.pem"), Path.of("..data", "certificate.pem"));
        Files.createSymbolicLink(folder.resolve("key.pem"), Path.of("..data", "key.pem"));
        try (TlsFiles files = following()) {
            Path next = Files.createSymbolicLink(folder.resolve("..data-next"), Path.of("version-two"));
            Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            files.look();

            assertThat(told).containsExactly("CN=one", "CN=two");
        }
    }

    @Test
    void followerThatFailsDoesNotKeepTheOthersFromHearing() throws Exception {
        put("one");
        try (TlsFiles files = files()) {
            List<String> heard = new ArrayList<>();
            files.follow(identity -> {
                heard.add(names(identity));
                if (heard.size() > 1) {
                    throw new IllegalStateException("not now");
                }
            });
            files.follow(identity -> told.add(names(identity)));

            put("two");
            files.look();

            assertThat(heard).containsExactly("CN=one", "CN=two");
            assertThat(told).containsExactly("CN=one", "CN=two");
        }
    }

    @Test
    void changesAreLookedForByThemselves() throws Exception {
        put("one");
        List<String> heard = new CopyOnWriteArrayList<>();
        try (TlsFiles files = TlsFiles.open(
                new TlsSettings(folder.resolve("certificate.pem"), folder.resolve("key.pem"), Duration.ofMillis(10)))) {
            files.follow(identity -> heard.add(names(identity)));
            put("two");

            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(heard).containsExactly("CN=one", "CN=two"));
        }
    }

    @Test
    void timeThatIsLeftIsAMetric() throws Exception {
        put("one");
        try (TlsFiles before = files()) {
            Instant end = before.identity().expiresAt();
            SimpleMeterRegistry metrics = new SimpleMeterRegistry();
            try (TlsFiles files = new TlsFiles(settings(), InstantSource.fixed(end.minusSeconds(90)))) {
                files.bindTo(metrics);

                assertThat(metrics.get("whimbrel.tls.certificate.expires")
                                .gauge()
                                .value())
                        .isEqualTo(90);
            }
        }
    }

    private TlsFiles files() {
        return new TlsFiles(settings(), InstantSource.system());
    }

    private TlsFiles following() {
        TlsFiles files = files();
        files.follow(identity -> told.add(names(identity)));
        return files;
    }

    private TlsSettings settings() {
        return settings(folder.resolve("certificate.pem"), folder.resolve("key.pem"));
    }

    private static TlsSettings settings(Path certificate, Path key) {
        return new TlsSettings(certificate, key, TlsSettings.DEFAULT_RELOAD_INTERVAL);
    }

    private void put(String alias) throws Exception {
        put(known.certificate(alias), known.key(alias));
    }

    private void put(String certificate, String key) throws IOException {
        Files.writeString(folder.resolve("certificate.pem"), certificate);
        Files.writeString(folder.resolve("key.pem"), key);
        touch();
    }

    /** With a time of its own, since two writes may fall into one tick of the file system's clock. */
    private void touch() throws IOException {
        FileTime time = FileTime.from(Instant.parse("2026-01-01T00:00:00Z").plusSeconds(++writes));
        Files.setLastModifiedTime(folder.resolve("certificate.pem"), time);
    }

    private void assertRefused(String certificate, String key, String sentence, String file) throws IOException {
        put(certificate, key);

        assertThatThrownBy(this::files)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(sentence.formatted(folder.resolve(file)))
                .message()
                .doesNotContainPattern("MII|BEGIN (RSA|EC)");
    }

    private static String names(TlsIdentity identity) {
        return String.join(
                ", ",
                identity.chain().stream()
                        .map(X509Certificate::getSubjectX500Principal)
                        .map(Object::toString)
                        .toList());
    }
}
