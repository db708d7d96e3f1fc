package io.whimbrel.load;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is measured. Each has the load that is usual for it; 0 publications a second: as fast as the bound allows. */
public enum Scenario {
    /** Connections that are only held. */
    CONNECT(0, 256),
    /** All connections have the same address, so each publication goes to all of them. */
    FANOUT(0, 40),
    /** Each connection has its own address, and each publication goes to one of them. */
    UNICAST(0, 256),
    /** Connections as fast as they come, while a few quick sessions see how it is to be there. */
    STORM(100, 256),
    /** As FANOUT, first alone, then beside connections of the same address that read nothing. */
    SLOW(50, 40),
    /** Every client is cut off now and then, stays away for a while, and is given what it missed. */
    JITTER(1_000, 256),
    /** Gateways are restarted one by one. */
    DEPLOY(1_000, 256);

    private final double usualRate;
    private final int usualInFlight;

    Scenario(double usualRate, int usualInFlight) {
        this.usualRate = usualRate;
        this.usualInFlight = usualInFlight;
    }

    public double usualRate() {
        return usualRate;
    }

    public int usualInFlight() {
        return usualInFlight;
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Scenario of(String word) {
        return Arrays.stream(values())
                .filter(scenario -> scenario.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The scenario is \"%s\", but must be one of %s"
                        .formatted(
                                word,
                                Arrays.stream(values()).map(Scenario::word).collect(Collectors.joining(", ")))));
    }

    /** Whether clients come back when they have lost their connection, and must be given all that they missed. */
    boolean reconnects() {
        return this == JITTER || this == DEPLOY;
    }

    /** Whether a message that was accepted and did not reach a connected client makes the run a failure. */
    boolean mustLoseNothing() {
        return this == FANOUT || this == UNICAST || this == SLOW;
    }

    /** What comes over those whose latency is measured, before and meanwhile; empty where nothing does. */
    String trouble() {
        return switch (this) {
            case STORM -> "the storm";
            case SLOW -> "the stopped readers";
            case CONNECT, FANOUT, UNICAST, JITTER, DEPLOY -> "";
        };
    }

    /** Whether all clients have one address. */
    boolean hasOneAddress() {
        return this == FANOUT || this == SLOW;
    }
}
