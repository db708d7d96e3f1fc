/** One file per HTTP endpoint. */
@NullMarked
package io.whimbrel.web;

import org.jspecify.annotations.NullMarked;
