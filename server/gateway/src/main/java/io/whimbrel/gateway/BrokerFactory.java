package io.whimbrel.gateway;

import io.netty.channel.EventLoopGroup;
import io.whimbrel.broker.Broker;

/** Makes the broker a gateway listens to. */
@FunctionalInterface
public interface BrokerFactory {
    /**
     * Called once, at the start.
     *
     * @param loops the gateway's own event loops, on which the broker's connections may live; not to be shut down
     */
    Broker join(Broker.Listener listener, EventLoopGroup loops);
}
