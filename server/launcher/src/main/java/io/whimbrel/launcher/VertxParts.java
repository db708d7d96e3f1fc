package io.whimbrel.launcher;

import io.netty.channel.EventLoopGroup;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import java.util.concurrent.TimeUnit;

/** The Vert.x of a process, on native transport where there is one. */
final class VertxParts {
    private static final long STOP_SECONDS = 2;

    private VertxParts() {}

    static Vertx start(int eventLoops, Teardown teardown) {
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(eventLoops)
                .setDisableTCCL(true));
        teardown.add(() -> Waiting.atMost(STOP_SECONDS, TimeUnit.SECONDS, vertx.close()));
        return vertx;
    }

    /** The event loops, for the broker's connections to live on. */
    static EventLoopGroup loops(Vertx vertx) {
        return ((VertxInternal) vertx).nettyEventLoopGroup();
    }
}
