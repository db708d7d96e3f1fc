package io.whimbrel.gateway;

/** Hears what becomes of one publication in the outboxes of sessions. Called on any event loop. */
interface Follower {
    /** One session's socket took all its bytes. */
    void onWritten();
}
