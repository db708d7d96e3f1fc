/** The embedded Redis: the real server as a supervised child process. */
@NullMarked
package io.whimbrel.redis;

import org.jspecify.annotations.NullMarked;
