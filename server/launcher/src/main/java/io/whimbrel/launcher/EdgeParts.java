package io.whimbrel.launcher;

import io.whimbrel.ops.TlsFiles;
import io.whimbrel.ops.TlsSettings;
import io.whimbrel.ops.TrustedProxies;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes what the settings below {@code tls} and {@code proxies} describe. */
final class EdgeParts {
    private EdgeParts() {}

    /** Empty where clients are spoken to in plain. */
    static Optional<TlsSettings> tls(Settings settings) {
        String certificate = settings.text("tls.certificate");
        String key = settings.text("tls.key");
        TlsSettings tls = new TlsSettings(Path.of(certificate), Path.of(key), settings.duration("tls.reload-interval"));
        if (certificate.isEmpty() != key.isEmpty()) {
            throw new IllegalArgumentException("%s is set and %s is not; set both, or neither for plain connections"
                    .formatted(
                            key.isEmpty() ? "tls.certificate" : "tls.key",
                            key.isEmpty() ? "tls.key" : "tls.certificate"));
        }
        return certificate.isEmpty() ? Optional.empty() : Optional.of(tls);
    }

    /** Null where clients are spoken to in plain. */
    static @Nullable TlsFiles openTls(Settings settings, Teardown teardown) {
        Optional<TlsSettings> tls = tls(settings);
        if (tls.isEmpty()) {
            return null;
        }
        TlsFiles files = TlsFiles.open(tls.get());
        teardown.add(files);
        return files;
    }

    static TrustedProxies proxies(Settings settings) {
        return TrustedProxies.of(settings.list("proxies.trusted"));
    }
}
