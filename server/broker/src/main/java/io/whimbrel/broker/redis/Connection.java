package io.whimbrel.broker.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;

/** A connection for commands, and what is known of the server at its other end. */
record Connection(StatefulRedisConnection<String, byte[]> lettuce, Server server) {
    RedisAsyncCommands<String, byte[]> commands() {
        return lettuce.async();
    }
}
