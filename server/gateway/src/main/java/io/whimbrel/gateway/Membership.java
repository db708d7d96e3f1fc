package io.whimbrel.gateway;

import org.jspecify.annotations.Nullable;

/** One session's place among the subscribers of one topic. Used on their event loop. */
final class Membership {
    private final Session session;
    private final Subscribers subscribers;
    /** The next one of the same session. */
    private final @Nullable Membership next;
    /** Where it stands in the list of the subscribers, which moves it. */
    int index;
    /** The number of the last {@link Portion} it was given. */
    int given;

    Membership(Session session, Subscribers subscribers, @Nullable Membership next) {
        this.session = session;
        this.subscribers = subscribers;
        this.next = next;
    }

    Session session() {
        return session;
    }

    Subscribers subscribers() {
        return subscribers;
    }

    @Nullable
    Membership next() {
        return next;
    }
}
