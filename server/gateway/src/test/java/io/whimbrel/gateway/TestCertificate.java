package io.whimbrel.gateway;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TlsSettings;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** A certificate for loopback that signed itself, in files, and clients that trust it alone. */
final class TestCertificate {
    private final X509Bundle bundle;

    TestCertificate() throws Exception {
        bundle = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .ecp256()
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    X509Certificate certificate() {
        return bundle.getCertificate();
    }

    /** Puts certificate and key where {@link #open} reads them. */
    void writeTo(Path folder) throws IOException {
        Files.writeString(folder.resolve("key.pem"), bundle.getPrivateKeyPEM());
        Files.writeString(folder.resolve("certificate.pem"), bundle.getCertificatePEM());
    }

    static TlsFiles open(Path folder) {
        return TlsFiles.open(
                new TlsSettings(folder.resolve("certificate.pem"), folder.resolve("key.pem"), Duration.ofMillis(20)));
    }

    Socket newSocket() throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {bundle.toTrustManager()}, null);
            return context.getSocketFactory().createSocket();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }
}
