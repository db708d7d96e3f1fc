/**
 * Stories told by processes. Start with {@code Town}, which builds one out of {@code Part}s, and {@code DeliveryTest};
 * {@code OutageTest} breaks things, {@code UpTest} sits at the terminal, {@code BenchTest} measures,
 * {@code ArchitectureTest} reads the house rules. The package {@code chaos} breaks things at random.
 *
 * <p>What has the tag {@code story} tells that nothing accepted is lost, and what is told where it is: {@code AwayTest},
 * {@code KilledGatewayTest}, {@code RedisRestartTest}, {@code RepetitionTest}, {@code InboxStoryTest} and
 * {@code ReceiptStoryTest}. In them a {@code Postman} publishes what {@code Recipient}s must have in the end.
 */
package io.whimbrel.system;
