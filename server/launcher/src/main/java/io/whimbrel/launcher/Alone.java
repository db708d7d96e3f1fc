package io.whimbrel.launcher;

/** What the commands that run one part have in common. */
final class Alone {
    /** What stopping may take beyond the drain time. */
    static final long STOP_MARGIN_MILLIS = 5_000;

    private Alone() {}

    /** A broker in memory reaches nobody outside of its process. */
    static void requireRedis(Settings settings) {
        if (settings.oneOf("broker.type", "redis", "memory").equals("memory")) {
            throw new StartException("broker.type is memory, with which a part that runs alone reaches nobody: "
                    + "use redis, or run both parts in one process with `whimbrel up`");
        }
    }
}
