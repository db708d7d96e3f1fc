package io.whimbrel.gateway;

import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is subscribed to what on one event loop. No locks: called only on that loop. */
final class Hub {
    private static final Logger log = LoggerFactory.getLogger(Hub.class);

    private final Loop loop;
    private final Subscriptions subscriptions;
    private final Codec codec;
    private final Map<Topic, Subscribers> topics = new HashMap<>();
    /** Topics that have something to deliver; they take turns. */
    private final ArrayDeque<Subscribers> delivering = new ArrayDeque<>();
    /** Topics whose last session has left, in that order. */
    private final ArrayDeque<Lingering> lingering = new ArrayDeque<>();

    private record Lingering(Subscribers subscribers, long untilMillis) {}

    Hub(Loop loop, Subscriptions subscriptions, Codec codec) {
        this.loop = loop;
        this.subscriptions = subscriptions;
        this.codec = codec;
    }

    /** Completes when publications accepted from now on reach the session; fails when the broker cannot promise that. */
    CompletionStage<Void> subscribe(Session session, Topic topic) {
        Subscribers subscribers = topics.computeIfAbsent(
                topic,
                _ -> new Subscribers(topic, loop.settings().outboxRules().of(topic), subscriptions.add(topic, loop)));
        subscribers.add(session.join(subscribers));
        return subscribers.ready();
    }

    /** Ends the session's subscriptions; also right for a session that has none. */
    void remove(Session session) {
        for (Membership member = session.leaveAll(); member != null; member = member.next()) {
            Subscribers subscribers = member.subscribers();
            subscribers.remove(member);
            if (subscribers.size() == 0) {
                subscribers.forget(loop);
                onNobodyLeft(subscribers);
            }
        }
    }

    /** An address is let go at once: how many gateways listen to it is the answer to whether its client is online. */
    private void onNobodyLeft(Subscribers subscribers) {
        long lingerMillis = loop.timing().topicLinger().toMillis();
        if (subscribers.topic().address().isPresent() || lingerMillis == 0) {
            drop(subscribers);
        } else {
            lingering.add(new Lingering(subscribers, loop.nowMillis() + lingerMillis));
        }
    }

    private void drop(Subscribers subscribers) {
        if (topics.remove(subscribers.topic(), subscribers)) {
            subscriptions.remove(subscribers.topic(), loop);
        }
    }

    /** Lets go of topics to which nobody has come back. */
    void endLingering(long nowMillis) {
        for (Lingering oldest; (oldest = lingering.peek()) != null && oldest.untilMillis <= nowMillis; ) {
            lingering.remove();
            if (oldest.subscribers.size() == 0) {
                drop(oldest.subscribers);
            }
        }
    }

    /** Adds a publication to what is delivered; answers how many bytes of frames it made. */
    int append(Publication publication) {
        @Nullable Subscribers subscribers = topics.get(publication.topic());
        if (subscribers == null || subscribers.size() == 0) {
            return 0;
        }
        if (!subscribers.queued) {
            subscribers.queued = true;
            delivering.add(subscribers);
        }
        try {
            return subscribers.append(publication, codec, loop);
        } catch (RuntimeException | Error e) {
            giveUp(subscribers, e);
            return 0;
        }
    }

    /**
     * Gives up to so many sessions what they have not got yet. Where there are several topics, of each some, so that a
     * large one does not keep the small ones waiting, and who has several is served in the same tick.
     */
    void deliver(int most, int mostOfBusyTopic) {
        int left = most;
        for (int turns = delivering.size(); turns > 0 && left > 0; turns--) {
            Subscribers subscribers = delivering.remove();
            boolean alone = delivering.isEmpty() && !subscribers.isBusy();
            try {
                left -= subscribers.deliver(alone ? left : Math.min(left, mostOfBusyTopic), loop);
            } catch (RuntimeException | Error e) {
                giveUp(subscribers, e);
            }
            if (subscribers.isDelivering()) {
                delivering.add(subscribers);
            } else {
                subscribers.queued = false;
            }
        }
    }

    /** A mistake of ours, or no memory, about one topic must not cost the others their tick. */
    private void giveUp(Subscribers subscribers, Throwable failure) {
        log.error("Publications of a topic could not be delivered, its clients have to come back", failure);
        subscribers.giveUp(loop);
    }

    boolean isDelivering() {
        return !delivering.isEmpty();
    }

    int topicCount() {
        return topics.size();
    }
}
