/**
 * The broker on Redis' pub/sub. Start with {@link io.whimbrel.broker.redis.RedisBroker}; {@code RedisLink} is one
 * connection that comes back, {@code Subscriptions} what is renewed when it does, {@code Envelope} what travels.
 *
 * <p>Lettuce's own reconnecting is switched off: it would send again what was under way, and subscribe again to what
 * nobody wants any more.
 */
@NullMarked
package io.whimbrel.broker.redis;

import org.jspecify.annotations.NullMarked;
