package io.whimbrel.ops;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;

/**
 * A server's certificate and the private key that belongs to it. Immutable.
 *
 * @param chain the server's own certificate first, each next one signed the one before
 */
public record TlsIdentity(List<X509Certificate> chain, PrivateKey key) {
    public TlsIdentity {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("an identity has a certificate");
        }
    }

    /** From when on clients refuse it. */
    public Instant expiresAt() {
        return chain.stream()
                .map(certificate -> certificate.getNotAfter().toInstant())
                .min(Instant::compareTo)
                .orElseThrow();
    }

    /** For what is built on the JDK's TLS. */
    public KeyManagerFactory keyManagers() {
        char[] password = {}; // the store lives in memory and is not written
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, password);
            store.setKeyEntry("server", key, password, chain.toArray(X509Certificate[]::new));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            return factory;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("a certificate and a key that belong together cannot be used", e);
        }
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "TlsIdentity[%s until %s]".formatted(chain.getFirst().getSubjectX500Principal(), expiresAt());
    }
}
