/**
 * The program: command line, settings, object graph, signals. Start with {@link io.whimbrel.launcher.Main} and the
 * commands it names; {@code SettingCatalog} lists every setting, {@code WebService} and {@code GatewayService} put the
 * two services together.
 */
@NullMarked
package io.whimbrel.launcher;

import org.jspecify.annotations.NullMarked;
