/**
 * Benchmarks of the gateway. They lie in the package they measure, since its classes are package-private: the usual way
 * with JMH. Start with {@link io.whimbrel.gateway.Bench}, the loop and its sessions without sockets; then
 * {@link io.whimbrel.gateway.FanOutBenchmark}, and {@link io.whimbrel.gateway.MillionSessions} for the whole at scale.
 */
@NullMarked
package io.whimbrel.gateway;

import org.jspecify.annotations.NullMarked;
