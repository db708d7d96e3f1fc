/**
 * The load generator behind {@code whimbrel bench}. Start with {@link io.whimbrel.load.Bench}; {@code Run} tells what each
 * scenario does, {@code Crowd} holds the {@code Client}s, {@code Publisher} sends to them, {@code Ledger} remembers what
 * was sent, {@code Logbook} what a client lived to see, and {@code Losses} is what they differ in. {@code Report} is the result, which {@code ReportTable},
 * {@code ReportJson} and {@code ReportHtml} show.
 */
@NullMarked
package io.whimbrel.load;

import org.jspecify.annotations.NullMarked;
