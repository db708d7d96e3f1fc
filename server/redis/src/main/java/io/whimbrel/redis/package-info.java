/**
 * The embedded Redis: the real server as a supervised child process. Start with {@link io.whimbrel.redis.EmbeddedRedis},
 * which keeps one running; then {@code RedisProcess}, one run of it, {@code RedisFolder}, where all it leaves behind
 * lies, and {@code RedisBinary}, where the program comes from.
 */
@NullMarked
package io.whimbrel.redis;

import org.jspecify.annotations.NullMarked;
