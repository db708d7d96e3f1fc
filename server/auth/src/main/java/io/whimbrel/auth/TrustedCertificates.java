package io.whimbrel.auth;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Who may sign a server's certificate, from a PEM file in place of the JDK's own list. */
final class TrustedCertificates {
    private static final int MAX_FILE_BYTES = 1024 * 1024;

    private TrustedCertificates() {}

    /** For a client that trusts these and nobody else; what is wrong with the file is an {@link IllegalArgumentException}. */
    static SSLContext read(String setting, Path file) {
        try {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            for (Certificate certificate : certificates(setting, file)) {
                trusted.setCertificateEntry("trusted-" + trusted.size(), certificate);
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new IllegalArgumentException("%s: %s cannot be read (%s)".formatted(setting, file, e), e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "%s: %s holds a certificate that is damaged".formatted(setting, file), e);
        }
    }

    private static Collection<? extends Certificate> certificates(String setting, Path file)
            throws IOException, GeneralSecurityException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new IllegalArgumentException(
                    "%s: %s is larger than %d bytes".formatted(setting, file, MAX_FILE_BYTES));
        }
        Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
        if (found.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s: %s holds no PEM block '-----BEGIN CERTIFICATE-----'".formatted(setting, file));
        }
        return found;
    }
}
