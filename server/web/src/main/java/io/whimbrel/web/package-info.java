/**
 * The web server: one file per HTTP endpoint. Start with {@link io.whimbrel.web.WebServer}, which opens the port and
 * finds the endpoint; an {@code Exchange} is one request with its one answer, and every refusal is a {@code Problem}.
 * Then {@code PublishEndpoint}, the way of a message: {@code PublishRequest} reads it, {@code Senders} asks who sends it,
 * {@code Rates} how fast.
 */
@NullMarked
package io.whimbrel.web;

import org.jspecify.annotations.NullMarked;
