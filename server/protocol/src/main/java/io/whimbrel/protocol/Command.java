package io.whimbrel.protocol;

/** What a client asks for with a message. */
public sealed interface Command {
    /** The client has every publication of its own address up to that offset, 0 or more. */
    record Ack(long offset) implements Command {}

    /** Nothing this wire format gives a meaning to. */
    record Unknown() implements Command {}
}
