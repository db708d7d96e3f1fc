package io.whimbrel.gateway;

/** What happens to the frames of a topic when a session's outbox is full, since its client reads too slowly. */
public enum OutboxRule {
    /** The client is closed with 3008, comes back and catches up. Nothing is lost in silence. */
    DISCONNECT,
    /** The oldest frames of such topics make room for new ones. For what is worth less the older it is. */
    DROP_OLDEST,
    /** As soon as a client does not keep up, only the newest frame of the topic waits for it. For prices and positions. */
    LATEST
}
