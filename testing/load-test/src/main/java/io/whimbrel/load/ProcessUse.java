package io.whimbrel.load;

/**
 * What a watched process used in the measured time.
 *
 * @param stayed false where it ended meanwhile; the other numbers mean nothing then
 * @param rssGrowthBytes since before the first client connected
 */
record ProcessUse(String name, boolean stayed, double cpuSeconds, long rssBytes, long rssGrowthBytes) {}
