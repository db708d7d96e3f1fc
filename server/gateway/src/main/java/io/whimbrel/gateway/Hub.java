package io.whimbrel.gateway;

import io.whimbrel.model.Publication;
import io.whimbrel.model.Topic;
import io.whimbrel.protocol.Codec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
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
    private final List<Subscribers> inTick = new ArrayList<>();

    Hub(Loop loop, Subscriptions subscriptions, Codec codec) {
        this.loop = loop;
        this.subscriptions = subscriptions;
        this.codec = codec;
    }

    /** Completes when publications accepted from now on reach the session; fails when the broker cannot promise that. */
    CompletionStage<Void> subscribe(Session session, Topic topic) {
        Subscribers subscribers = topics.computeIfAbsent(topic, _ -> new Subscribers(subscriptions.add(topic, loop)));
        subscribers.add(session);
        return subscribers.ready();
    }

    /** Ends the session's subscriptions; also right for a session that has none. */
    void remove(Session session) {
        @Nullable Topic topic = session.topic();
        Subscribers subscribers = topic == null ? null : topics.get(topic);
        if (topic == null || subscribers == null) {
            return;
        }
        subscribers.remove(session);
        if (subscribers.isEmpty()) {
            topics.remove(topic);
            subscriptions.remove(topic, loop);
        }
    }

    /** Adds a publication to the tick; answers how many bytes of frames it made. */
    int append(Publication publication) {
        Subscribers subscribers = topics.get(publication.topic());
        if (subscribers == null) {
            return 0;
        }
        if (!subscribers.inTick()) {
            inTick.add(subscribers);
        }
        return subscribers.append(publication, codec, loop);
    }

    /** Gives every subscriber what the tick gathered. */
    void deliverTick() {
        for (int i = 0; i < inTick.size(); i++) {
            try {
                inTick.get(i).deliverTick();
            } catch (RuntimeException e) {
                // A mistake of ours about one topic must not cost the others their tick.
                log.error("A tick could not be delivered", e);
            }
        }
        inTick.clear();
    }

    int topicCount() {
        return topics.size();
    }
}
