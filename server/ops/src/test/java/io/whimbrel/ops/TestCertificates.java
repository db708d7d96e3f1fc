package io.whimbrel.ops;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates as an authority would make them, by the JDK's own keytool. */
final class TestCertificates {
    private static final String PASSWORD = "changeit";

    private final Path store;

    TestCertificates(Path folder) {
        store = folder.resolve("store.p12");
    }

    /** A certificate that signed itself, for the names a test connects to. */
    TestCertificates own(String alias, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                "CN=" + alias,
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store.toString()));
        command.addAll(List.of(options));
        if (!command.contains("-keyalg")) {
            command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
        }
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!keytool.waitFor(20, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            throw new IOException("keytool: " + said);
        }
        return this;
    }

    /** One signed by another of these. */
    TestCertificates signed(String alias, String signer) throws Exception {
        return own(alias, "-signer", signer, "-keyalg", "EC", "-groupname", "secp256r1");
    }

    String chain(String alias) throws Exception {
        StringBuilder text = new StringBuilder();
        for (Certificate certificate : keyStore().getCertificateChain(alias)) {
            text.append(pem("CERTIFICATE", certificate.getEncoded()));
        }
        return text.toString();
    }

    String certificate(String alias) throws Exception {
        return pem("CERTIFICATE", keyStore().getCertificate(alias).getEncoded());
    }

    String key(String alias) throws Exception {
        return pem("PRIVATE KEY", privateKey(alias).getEncoded());
    }

    PrivateKey privateKey(String alias) throws Exception {
        return (PrivateKey) keyStore().getKey(alias, PASSWORD.toCharArray());
    }

    static String pem(String label, byte[] der) {
        return "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n"
                .formatted(label, Base64.getMimeEncoder().encodeToString(der));
    }

    private KeyStore keyStore() throws Exception {
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD.toCharArray());
        }
        return loaded;
    }
}
