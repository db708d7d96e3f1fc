package io.whimbrel.broker.redis;

/** What an accepted publication survives; who publishes is answered no earlier. */
public enum Durability {
    /** The connection: Redis has it in its memory, and in its file if and when it writes one. */
    MEMORY,
    /** The death of Redis and of its machine: it is in the file. Redis must run with {@code appendfsync always}. */
    FSYNC,
    /** The loss of Redis: so many replicas have it as well. */
    REPLICATED
}
