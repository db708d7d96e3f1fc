/**
 * Stories told by processes. Start with {@code Town}, which builds one out of {@code Part}s, and {@code DeliveryTest};
 * {@code OutageTest} breaks things, {@code UpTest} sits at the terminal, {@code BenchTest} measures,
 * {@code ArchitectureTest} reads the house rules.
 */
package io.whimbrel.system;
