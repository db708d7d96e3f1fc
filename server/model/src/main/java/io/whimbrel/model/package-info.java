/**
 * The nouns of Whimbrel. Start with {@link io.whimbrel.model.Address} and {@link io.whimbrel.model.Topic}, then
 * {@link io.whimbrel.model.Publication}, which travels; {@link io.whimbrel.model.Disconnect} and
 * {@link io.whimbrel.model.ClientError} are the two catalogues of what a client can be told.
 */
@NullMarked
package io.whimbrel.model;

import org.jspecify.annotations.NullMarked;
