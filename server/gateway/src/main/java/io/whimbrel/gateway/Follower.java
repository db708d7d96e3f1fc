package io.whimbrel.gateway;

import io.whimbrel.broker.Outcome;

/** Hears what becomes of one publication in the outboxes of sessions. Called on any event loop. */
interface Follower {
    /** One session's socket took all its bytes. */
    void onWritten(Session session);

    /** One session's client will not get it on this connection, or perhaps not. May be said more than once of a session. */
    default void onLost(Session session, Outcome why) {}
}
