/** Benchmarks of the web server, in its own package since its classes are package-private. */
@NullMarked
package io.whimbrel.web;

import org.jspecify.annotations.NullMarked;
