/** How publications look on the wire, one codec per format. */
@NullMarked
package io.whimbrel.protocol;

import org.jspecify.annotations.NullMarked;
