/**
 * Breaks the system at random, from a seed, and proves what came of it. Start with {@code ChaosRun}: a {@code Stage} of processes and
 * {@code Wire}s on a {@code RedisDeployment}, a {@code Schedule} of {@code Fault}s, {@code ChaosClient}s and a {@code Publisher}, which all note what
 * they see in a {@code Ledger}; the {@code Checker} reads it, the {@code ChaosReport} tells. {@code ChaosTest} is the long run,
 * {@code ShortChaosTest} the one of every build, {@code RetentionChaosTest} one in which little is kept; {@code PlantedBugsTest} shows that
 * the checker is not blind.
 */
package io.whimbrel.system.chaos;
