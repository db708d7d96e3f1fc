package io.whimbrel.load;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one client lived to see: when it was connected, what it received, where it stands. Compared with the {@link Ledger}
 * it tells what is missing. Called on its client's event loop.
 */
final class Logbook {
    static final long NOTHING = -1;

    /** A connection that lasts so long has time for all that was missed; in a shorter one it may have been cut off. */
    static final long REPLAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A message that is under way when its client is cut off is not to blame on the server. */
    static final long ON_THE_WAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Ledger ledger;
    private final Numbers received = new Numbers();
    private final Presence presence = new Presence();
    private @Nullable Position position;
    private int duplicates;
    private int foreign;
    private int outOfOrder;
    private int notRecovered;
    private long replayNanos = NOTHING;

    Logbook(Ledger ledger) {
        this.ledger = ledger;
    }

    boolean isHere() {
        return presence.isHere();
    }

    /** What to bring when it comes back; null where no frame has said it. */
    @Nullable
    Position position() {
        return position;
    }

    void onCome(long nanos) {
        presence.onCome(nanos);
    }

    void onGo(long nanos) {
        presence.onGo(nanos);
    }

    /** @param to null where the frame does not say it */
    void onMessage(int number, @Nullable Position to, long nowNanos) {
        boolean isNew = received.add(number);
        if (!isNew) {
            duplicates++;
        }
        if (!advance(to) && isNew) {
            outOfOrder++;
        }
        if (isNew && presence.hasReturned()) {
            long returned = presence.returnedAfter(ledger.acceptedNanos(number), REPLAY_NANOS);
            if (returned != Presence.NEVER) {
                replayNanos = Math.max(replayNanos, nowNanos - returned);
            }
        }
    }

    /** What is no message of ours. */
    void onForeign(@Nullable Position to) {
        foreign++;
        advance(to);
    }

    /** The gateway cannot give all that was missed, and goes on from here. */
    void onNotRecovered(Position from) {
        notRecovered++;
        position = from;
    }

    /** False where it was there already: a position never goes back, or more would come twice. */
    private boolean advance(@Nullable Position to) {
        Position here = position;
        if (to == null) {
            return true;
        }
        if (here != null && here.covers(to)) {
            return false;
        }
        position = to;
        return true;
    }

    /**
     * How long after it had come back the last of what it had missed was there; {@link #NOTHING} where nothing was missed.
     * Missed is what was accepted before it was back, and came after. To be taken when the connection has ended.
     */
    long takeReplayNanos() {
        long taken = replayNanos;
        replayNanos = NOTHING;
        return taken;
    }

    /** To be asked after publishing has ended. */
    Losses losses() {
        long[] missing = new long[2];
        ledger.accepted().forEachMissingIn(received, number -> {
            long sent = ledger.sentNanos(number);
            missing[presence.wasHere(sent, sent + ON_THE_WAY_NANOS) ? 0 : 1]++;
        });
        long expected = ledger.accepted().count();
        return new Losses(
                expected,
                expected - missing[0] - missing[1],
                missing[0],
                missing[1],
                duplicates,
                foreign,
                outOfOrder,
                notRecovered);
    }
}
