package io.whimbrel.load;

import java.util.concurrent.TimeUnit;

/**
 * What became of accepted publications, over all clients that should have had them.
 *
 * @param expected accepted, once for each client of the address
 * @param received of those, what came
 * @param lost did not come though the client was connected all the time
 * @param missedAway did not come, and the client was not connected when it was sent or within a second after
 * @param duplicates came more than once, each further time counted
 * @param foreign messages of somebody else, or that nobody could read
 */
record Losses(long expected, long received, long lost, long missedAway, long duplicates, long foreign) {
    static final Losses NONE = new Losses(0, 0, 0, 0, 0, 0);

    /** A message that is under way when its client is cut off is not to blame on the server. */
    static final long ON_THE_WAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    Losses plus(Losses other) {
        return new Losses(
                expected + other.expected,
                received + other.received,
                lost + other.lost,
                missedAway + other.missedAway,
                duplicates + other.duplicates,
                foreign + other.foreign);
    }

    /** One client's. */
    static Losses of(Ledger ledger, Numbers received, Presence presence, long duplicates, long foreign) {
        long[] missing = new long[2];
        ledger.accepted().forEachMissingIn(received, number -> {
            long sent = ledger.sentNanos(number);
            missing[presence.wasHere(sent, sent + ON_THE_WAY_NANOS) ? 0 : 1]++;
        });
        long expected = ledger.accepted().count();
        return new Losses(expected, expected - missing[0] - missing[1], missing[0], missing[1], duplicates, foreign);
    }
}
