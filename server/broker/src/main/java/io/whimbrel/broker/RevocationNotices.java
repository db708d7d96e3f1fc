package io.whimbrel.broker;

import io.whimbrel.model.Address;
import io.whimbrel.model.Revocation;
import io.whimbrel.model.Revocation.OfAddress;
import io.whimbrel.model.Revocation.OfToken;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Revocations as notices of the kind {@value #KIND}: one is about {@code <address>} or {@code <address>/<fingerprint>}, and its
 * text is {@code <seconds>} for an address, empty for a token. Safe for any thread.
 */
public final class RevocationNotices {
    public static final String KIND = "revoked";

    private static final Logger log = LoggerFactory.getLogger(RevocationNotices.class);
    private static final int HEX = 16;

    private final Notices notices;

    public RevocationNotices(Notices notices) {
        this.notices = notices;
    }

    /** Fails as {@link Notices#post}. One of an address takes the place of an earlier one, and must not say less. */
    public CompletionStage<Void> post(Revocation revocation) {
        return notices.post(notice(revocation));
    }

    /** As {@link Notices#hear}. */
    public CompletionStage<Void> hear(Consumer<Revocation> listener) {
        return notices.hear(
                KIND,
                notice -> read(notice)
                        .ifPresentOrElse(
                                listener,
                                () -> log.warn("A revocation is not in a form this version reads, it is not heeded")));
    }

    static Notice notice(Revocation revocation) {
        long untilMillis = TimeUnit.SECONDS.toMillis(revocation.untilSeconds());
        String address = revocation.address().toString();
        return switch (revocation) {
            case OfAddress all -> new Notice(KIND, address, Long.toString(all.atSeconds()), untilMillis);
            case OfToken one -> new Notice(KIND, address + '/' + Long.toHexString(one.fingerprint()), "", untilMillis);
        };
    }

    static Optional<Revocation> read(Notice notice) {
        String[] about = notice.about().split("/", 2);
        Optional<Address> address = Address.parse(about[0]);
        long untilSeconds = TimeUnit.MILLISECONDS.toSeconds(notice.untilMillis());
        try {
            return about.length == 1
                    ? address.map(it -> new OfAddress(it, Long.parseLong(notice.text()), untilSeconds))
                    : address.map(it -> new OfToken(it, Long.parseUnsignedLong(about[1], HEX), untilSeconds));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }
}
