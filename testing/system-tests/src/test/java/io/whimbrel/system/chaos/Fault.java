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
    /** What kinds of faults there are, by share: each has its own, whatever the others are. */
    enum Sort {
        /** What Redis runs on is harmed itself, or told to change. */
        REDIS(25),
        SERVICES(30),
        WIRES(45);

        final int share;

        Sort(int share) {
            this.share = share;
        }
    }

    /** What faults of a kind are done to. */
    enum Victim {
        GATEWAY(Sort.SERVICES),
        WEB(Sort.SERVICES),
        REDIS(Sort.REDIS),
        SENTINEL(Sort.REDIS),
        /** The copies of a shard, one after the other. */
        COPIES(Sort.REDIS),
        WIRE(Sort.WIRES),
        /** The deployment of Redis as a whole. */
        DEPLOYMENT(Sort.REDIS);

        final Sort sort;

        Victim(Sort sort) {
            this.sort = sort;
        }
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
        FAIL_OVER(Victim.DEPLOYMENT, 7),
        MOVE_SLOT(Victim.DEPLOYMENT, 7),
        FORGET_SCRIPTS(Victim.REDIS, 2),
        /** Redis drops its clients, by CLIENT KILL. */
        DROP_CLIENTS(Victim.REDIS, 2),
        /** All connections end, and none is let in for a while. */
        CUT(Victim.WIRE, 15),
        DELAY(Victim.WIRE, 8),
        THROTTLE(Victim.WIRE, 8),
        /** Of what comes next on each connection half is passed on; then it ends. */
        HALVE(Victim.WIRE, 12),
        /** Connections stay, and nothing that is sent arrives. They end with the fault. */
        HALF_OPEN(Victim.WIRE, 12);

        final Victim victim;
        /** Among the kinds of its sort. */
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
        return harmsRedis(kind, target);
    }

    static boolean harmsRedis(Kind kind, String target) {
        return switch (kind.victim.sort) {
            case REDIS -> true;
            case WIRES -> target.startsWith(Stage.REDIS_WIRES);
            case SERVICES -> false;
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
