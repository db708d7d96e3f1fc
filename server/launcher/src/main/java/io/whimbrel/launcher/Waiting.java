package io.whimbrel.launcher;

import io.vertx.core.Future;
import java.net.BindException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for what answers later, always with an end. Not for event loops. */
final class Waiting {
    private static final long START_SECONDS = 20;

    private Waiting() {}

    /** The result of a start that opens the port of this setting. */
    static <T> T forStart(Future<T> starting, String portSetting, int port) {
        try {
            return starting.toCompletionStage().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BindException taken) {
                throw Ports.taken(portSetting, port, taken);
            }
            if (e.getCause() instanceof RuntimeException wrong) {
                throw wrong;
            }
            throw new StartException(
                    "What listens on %s %d does not start: %s".formatted(portSetting, port, e.getCause()), e);
        } catch (TimeoutException e) {
            throw new StartException(
                    "What listens on %s %d was not up after %d seconds".formatted(portSetting, port, START_SECONDS), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("The start was interrupted", e);
        }
    }

    static void atMost(long time, TimeUnit unit, Future<?> ending) throws Exception {
        ending.toCompletionStage().toCompletableFuture().get(time, unit);
    }
}
