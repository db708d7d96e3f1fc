package io.whimbrel.web;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The two clocks: one for what others are told, one for measuring, which never jumps.
 *
 * @param nanos as {@link System#nanoTime()}
 */
record Clocks(InstantSource wall, LongSupplier nanos) {
    static final Clocks SYSTEM = new Clocks(InstantSource.system(), System::nanoTime);
}
