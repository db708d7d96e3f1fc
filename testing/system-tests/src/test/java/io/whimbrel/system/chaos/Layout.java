package io.whimbrel.system.chaos;

import io.whimbrel.system.chaos.Fault.Kind;
import java.util.List;

/**
 * What there is to break, by name.
 *
 * @param copies the copies of each shard, in both orders: {@code redis 0, redis 3}
 */
record Layout(
        List<String> gateways,
        List<String> webs,
        List<String> redisNodes,
        List<String> sentinels,
        List<String> copies,
        List<String> wires,
        boolean failsOver,
        boolean movesSlots) {
    Layout {
        gateways = List.copyOf(gateways);
        webs = List.copyOf(webs);
        redisNodes = List.copyOf(redisNodes);
        sentinels = List.copyOf(sentinels);
        copies = List.copyOf(copies);
        wires = List.copyOf(wires);
    }

    /** Who may be the victim of such a fault; nobody where it makes no sense here. */
    List<String> victims(Kind kind) {
        return switch (kind.victim) {
            case GATEWAY -> gateways;
            case WEB -> webs;
            case REDIS -> redisNodes;
            case SENTINEL -> sentinels;
            case COPIES -> copies;
            case WIRE -> wires;
            case DEPLOYMENT ->
                (kind == Kind.FAIL_OVER ? failsOver : movesSlots) ? List.of("redis as a whole") : List.of();
        };
    }
}
