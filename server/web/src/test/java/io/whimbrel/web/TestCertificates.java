package io.whimbrel.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/** A certificate that signed itself, by the JDK's own keytool, as the two files an operator has. */
record TestCertificates(Path certificate, Path key) {
    private static final String PASSWORD = "changeit";

    static TestCertificates make(Path folder, String name) throws Exception {
        Path store = folder.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        name,
                        "-dname",
                        "CN=" + name,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        store.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!keytool.waitFor(20, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            throw new IOException("keytool: " + said);
        }
        KeyStore made = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            made.load(in, PASSWORD.toCharArray());
        }
        return new TestCertificates(
                Files.writeString(
                        folder.resolve(name + ".crt"),
                        pem("CERTIFICATE", made.getCertificate(name).getEncoded())),
                Files.writeString(
                        folder.resolve(name + ".key"),
                        pem(
                                "PRIVATE KEY",
                                made.getKey(name, PASSWORD.toCharArray()).getEncoded())));
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n"
                .formatted(label, Base64.getMimeEncoder().encodeToString(der));
    }
}
