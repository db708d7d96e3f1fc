/** A connection's life. */
@NullMarked
package io.whimbrel.gateway;

import org.jspecify.annotations.NullMarked;
