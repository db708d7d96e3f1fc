package io.whimbrel.launcher;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C and SIGTERM: the first one ends the wait, the second one ends the program at once. The JVM's own shutdown hooks
 * cannot do the second, since they hold up everything until they are done.
 */
final class Signals {
    private static final int INTERRUPTED = 130;

    private final CountDownLatch first = new CountDownLatch(1);
    private final Runnable lastWord;

    /**
     * @param lastWord what is to be done in an instant when the program ends at once
     */
    Signals(Runnable lastWord) {
        this.lastWord = lastWord;
        hear("INT");
        hear("TERM");
    }

    /** By reflection: the compiler warns of sun.misc in a way nothing can silence, and the JDK has no other way. */
    private void hear(String signal) {
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object handler =
                    Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handlerType}, this::onCall);
            signalType
                    .getMethod("handle", signalType, handlerType)
                    .invoke(null, signalType.getConstructor(String.class).newInstance(signal), handler);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK cannot tell of signals: module jdk.unsupported is missing", e);
        }
    }

    private @Nullable Object onCall(Object proxy, Method method, Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "handle" -> {
                onSignal();
                yield null;
            }
            case "equals" ->
                arguments != null && System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "handler of signals";
        };
    }

    private synchronized void onSignal() {
        if (first.getCount() > 0) {
            first.countDown();
            return;
        }
        halt();
    }

    private void halt() {
        lastWord.run();
        Runtime.getRuntime().halt(INTERRUPTED);
    }

    /** Waits for the first signal. */
    void await() {
        try {
            first.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** From now on the program has this long to end by itself. */
    void haltAfter(long millis) {
        Thread.ofPlatform().daemon().name("halt").start(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(millis);
                halt();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
