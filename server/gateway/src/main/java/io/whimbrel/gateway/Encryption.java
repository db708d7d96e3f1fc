package io.whimbrel.gateway;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TlsIdentity;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the connections to come, always with the newest certificate; those that are there keep theirs. Safe for any
 * thread.
 */
final class Encryption {
    /** Sessions that clients may resume instead of shaking hands anew; the JDK's own default of 20,480 holds 40 MB. */
    private static final int RESUMABLE_SESSIONS = 4096;

    private volatile @Nullable SslContext context;

    Encryption(TlsFiles files) {
        files.follow(this::use);
    }

    private void use(TlsIdentity identity) {
        try {
            context = SslContextBuilder.forServer(
                            identity.key(), identity.chain().toArray(X509Certificate[]::new))
                    .protocols("TLSv1.3", "TLSv1.2")
                    .sessionCacheSize(RESUMABLE_SESSIONS)
                    .build();
        } catch (SSLException e) {
            throw new IllegalArgumentException("a certificate and a key that belong together cannot be used", e);
        }
    }

    /** What speaks TLS on a new connection; gives up when the client takes longer than that. */
    SslHandler newHandler(Channel channel, long timeoutMillis) {
        SslContext current = context;
        if (current == null) {
            throw new IllegalStateException("the files were not followed");
        }
        SslHandler handler = current.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(timeoutMillis);
        return handler;
    }
}
