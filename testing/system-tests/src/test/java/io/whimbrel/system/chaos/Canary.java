package io.whimbrel.system.chaos;

/**
 * Who tells whether messages flow: at each gateway one for each shard of Redis, which are counted as their primaries are at the
 * start; a single Redis, or one with replicas, is one shard.
 */
record Canary(String gateway, int shard) {
    @Override
    public String toString() {
        return "the canary of %s on shard %d".formatted(gateway, shard);
    }
}
