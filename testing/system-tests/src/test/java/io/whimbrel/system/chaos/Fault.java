package io.whimbrel.system.chaos;

import java.util.Locale;

/**
 * Something that is broken and, after a while, made whole again.
 *
 * @param atMillis after the beginning of the faults, at the earliest
 * @param target the name of a part or of a wire
 * @param lengthMillis 0 for what is over at once
 */
record Fault(long atMillis, Kind kind, String target, long lengthMillis) {
    /** What faults of a kind are done to. */
    enum Victim {
        GATEWAY,
        WEB,
        REDIS,
        SENTINEL,
        /** The copies of a shard, one after the other. */
        COPIES,
        WIRE,
        /** The deployment of Redis as a whole. */
        DEPLOYMENT
    }

    enum Kind {
        KILL_GATEWAY(Victim.GATEWAY, 6),
        STOP_GATEWAY(Victim.GATEWAY, 6),
        KILL_WEB(Victim.WEB, 5),
        STOP_WEB(Victim.WEB, 5),
        KILL_REDIS(Victim.REDIS, 6),
        STOP_REDIS(Victim.REDIS, 6),
        KILL_SENTINEL(Victim.SENTINEL, 2),
        STOP_SENTINEL(Victim.SENTINEL, 2),
        /** One copy of a shard, and the other before the first is back; only where that is what is to be seen. */
        KILL_COPIES(Victim.COPIES, 0),
        /** A replica takes over, as an operator would have it. */
        FAIL_OVER(Victim.DEPLOYMENT, 5),
        MOVE_SLOT(Victim.DEPLOYMENT, 6),
        FORGET_SCRIPTS(Victim.REDIS, 3),
        /** Redis drops its clients, by CLIENT KILL. */
        DROP_CLIENTS(Victim.REDIS, 4),
        /** All connections end, and none is let in for a while. */
        CUT(Victim.WIRE, 15),
        DELAY(Victim.WIRE, 8),
        THROTTLE(Victim.WIRE, 8),
        /** Of what comes next on each connection half is passed on; then it ends. */
        HALVE(Victim.WIRE, 12),
        /** Connections stay, and nothing that is sent arrives. They end with the fault. */
        HALF_OPEN(Victim.WIRE, 12);

        final Victim victim;
        final int weight;

        Kind(Victim victim, int weight) {
            this.victim = victim;
            this.weight = weight;
        }

        /** As it is printed: {@code kill gateway}. */
        String words() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** Whether it makes something of what Redis runs on go, or hard to reach, of which only one thing may be at a time. */
    boolean harmsRedis() {
        return switch (kind.victim) {
            case REDIS, SENTINEL, COPIES, DEPLOYMENT -> true;
            case WIRE -> target.startsWith(Stage.REDIS_WIRES);
            case GATEWAY, WEB -> false;
        };
    }

    long endMillis() {
        return atMillis + lengthMillis;
    }

    @Override
    public String toString() {
        return "at %6d ms: %s, %s, for %d ms".formatted(atMillis, kind.words(), target, lengthMillis);
    }
}
