package io.whimbrel.load;

/**
 * What became of accepted publications, over all clients that should have had them.
 *
 * @param expected accepted, once for each client of the address
 * @param received of those, what came
 * @param lost did not come though the client was connected all the time
 * @param missedAway did not come, and the client was not connected when it was sent or within a second after
 * @param duplicates came more than once, each further time counted
 * @param foreign messages of somebody else, or that nobody could read
 * @param outOfOrder came after what was published later
 * @param notRecovered how often a client was told that not all it missed is kept
 */
record Losses(
        long expected,
        long received,
        long lost,
        long missedAway,
        long duplicates,
        long foreign,
        long outOfOrder,
        long notRecovered) {
    static final Losses NONE = new Losses(0, 0, 0, 0, 0, 0, 0, 0);

    Losses plus(Losses other) {
        return new Losses(
                expected + other.expected,
                received + other.received,
                lost + other.lost,
                missedAway + other.missedAway,
                duplicates + other.duplicates,
                foreign + other.foreign,
                outOfOrder + other.outOfOrder,
                notRecovered + other.notRecovered);
    }

    /** Did not come, wherever its client was. */
    long missing() {
        return lost + missedAway;
    }
}
