package io.whimbrel.web;

import io.whimbrel.broker.BrokerUnavailableException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Waits for what the broker remembers. Safe for any thread. */
record BrokerReads(long timeoutMillis) {
    /** Goes on with the answer; without one in time the client is told to try again. */
    <T> void await(Exchange exchange, CompletionStage<T> stage, Consumer<T> onResult) {
        exchange.await(stage, timeoutMillis, onResult, failure -> {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            switch (cause) {
                case BrokerUnavailableException _, TimeoutException _ ->
                    exchange.refuse(Problem.unavailable("What remembers messages does not answer"));
                default -> exchange.fail(cause);
            }
        });
    }
}
