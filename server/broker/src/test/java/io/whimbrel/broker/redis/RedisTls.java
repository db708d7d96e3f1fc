package io.whimbrel.broker.redis;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;

/** A certificate that signed itself, in files, and what a Redis or Sentinel needs to be reached by it. */
record RedisTls(Path certificate, Path key) {
    /** @param name what it is made out to */
    static RedisTls forName(String name, Path folder) throws Exception {
        return write(new CertificateBuilder().addSanDnsName(name), folder);
    }

    /** One for 127.0.0.1. */
    static RedisTls forLoopback(Path folder) throws Exception {
        return write(new CertificateBuilder().addSanIpAddress("127.0.0.1"), folder);
    }

    private static RedisTls write(CertificateBuilder builder, Path folder) throws Exception {
        X509Bundle bundle = builder.subject("CN=a Redis")
                .ecp256()
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        return new RedisTls(
                Files.writeString(folder.resolve("certificate.pem"), bundle.getCertificatePEM()),
                Files.writeString(folder.resolve("key.pem"), bundle.getPrivateKeyPEM()));
    }

    /** Lines of its configuration. */
    String conf(int port) {
        return """
            tls-port %d
            tls-cert-file %s
            tls-key-file %s
            tls-ca-cert-file %s
            tls-auth-clients no
            """.formatted(port, certificate, key, certificate);
    }
}
