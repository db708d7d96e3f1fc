package io.whimbrel.ops;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Certificate and key of a service, read again when their files change: written anew, moved into place or, as Kubernetes
 * does, put behind another symbolic link. A pair that cannot be used is logged once, and the old one stays in use until a
 * good one is there; a certificate whose key comes a moment later is such a pair. Safe for any thread.
 */
public final class TlsFiles implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TlsFiles.class);

    private final TlsSettings settings;
    private final ScheduledExecutorService watcher;
    private final InstantSource clock;
    private final List<Consumer<TlsIdentity>> followers = new ArrayList<>();
    private volatile TlsIdentity identity;
    private List<State> seen;
    private String complaint = "";

    /** Without looking by itself. */
    TlsFiles(TlsSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        watcher = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("tls-files").factory());
        seen = state(settings);
        identity = TlsReader.read(settings);
        tellOfItsTime(identity);
    }

    /** Reads the files; what is wrong with them is an {@link IllegalArgumentException} that names the setting. */
    public static TlsFiles open(TlsSettings settings) {
        TlsFiles files = new TlsFiles(settings, InstantSource.system());
        long millis = settings.reloadInterval().toMillis();
        var _ = files.watcher.scheduleWithFixedDelay(files::look, millis, millis, TimeUnit.MILLISECONDS);
        return files;
    }

    /** Reads the files once, as {@link #open} would. */
    public static void check(TlsSettings settings) {
        TlsReader.read(settings);
    }

    /** What is in use now. */
    public TlsIdentity identity() {
        return identity;
    }

    /**
     * Tells the listener what is in use, now and whenever that changes: first on the calling thread, later on this
     * object's own, one after the other.
     */
    public synchronized void follow(Consumer<TlsIdentity> listener) {
        followers.add(listener);
        listener.accept(identity);
    }

    /** Registers {@code whimbrel.tls.certificate.expires}, in seconds from now. */
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("whimbrel.tls.certificate.expires", this, TlsFiles::secondsLeft)
                .description("Time until the certificate in use ends")
                .baseUnit("seconds")
                .register(registry);
    }

    /** Stops looking. */
    @Override
    public void close() {
        watcher.shutdownNow();
    }

    /** Looks for a change once. */
    synchronized void look() {
        try {
            List<State> now = state(settings); // before the content, so that a change while we read is seen next time
            if (now.equals(seen) && complaint.isEmpty()) {
                return;
            }
            TlsIdentity read = TlsReader.read(settings);
            boolean changed = !read.equals(identity);
            seen = now;
            complaint = "";
            if (changed) {
                identity = read;
                log.info("The certificate was replaced by one that ends at {}", read.expiresAt());
                tellOfItsTime(read);
                followers.forEach(follower -> tell(follower, read));
            }
        } catch (IllegalArgumentException e) {
            complain(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            log.error("Looking for a new certificate failed by a fault of ours", e);
        }
    }

    private void complain(String why) {
        if (!why.equals(complaint)) {
            complaint = why;
            log.error(
                    "The certificate was not replaced, the old one stays in use until {}: {}",
                    identity.expiresAt(),
                    why);
        }
    }

    private static void tell(Consumer<TlsIdentity> follower, TlsIdentity identity) {
        try {
            follower.accept(identity);
        } catch (RuntimeException e) {
            log.error("A new certificate could not be taken into use", e);
        }
    }

    /** One that ended is used all the same: a service that does not start helps nobody. */
    private void tellOfItsTime(TlsIdentity read) {
        if (read.expiresAt().isBefore(clock.instant())) {
            log.warn(
                    "{}: the certificate ended at {}; clients will refuse it",
                    TlsSettings.CERTIFICATE,
                    read.expiresAt());
        }
    }

    private double secondsLeft() {
        return (identity.expiresAt().toEpochMilli() - clock.millis()) / 1000.0;
    }

    private static List<State> state(TlsSettings settings) {
        return List.of(
                State.of(TlsSettings.CERTIFICATE, settings.certificate()), State.of(TlsSettings.KEY, settings.key()));
    }

    /** By what a change is noticed, symbolic links followed. */
    private record State(long modifiedNanos, long size, String inode) {
        static State of(String setting, Path file) {
            try {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                return new State(
                        attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
                        attributes.size(),
                        String.valueOf(attributes.fileKey()));
            } catch (IOException e) {
                throw new IllegalArgumentException("%s: %s cannot be read (%s)".formatted(setting, file, e), e);
            }
        }
    }
}
