package io.whimbrel.launcher;

import io.whimbrel.ops.TlsFiles;

/** Reads every setting as the services will, so that an impossible one is found before anything is started. */
final class SettingsCheck {
    private SettingsCheck() {}

    static void run(Settings settings) {
        settings.oneOf("log.format", "text", "json");
        settings.oneOf("log.level", "error", "warn", "info", "debug");
        settings.oneOf("broker.type", "redis", "memory");
        settings.oneOf("gateway.auth.mode", "callback", "local");
        settings.oneOf("auth.authenticator", "open", "basic", "bearer");
        settings.number("web.admin.port", 0, 65_535);
        settings.number("gateway.admin.port", 0, 65_535);
        settings.number("gateway.event-loops", 0, 1_024);
        WebService.webSettings(settings);
        GatewayService.gatewaySettings(settings);
        RedisParts.broker(settings);
        RedisParts.embedded(settings);
        AuthParts.callbackSettings(settings);
        EdgeParts.proxies(settings);
        EdgeParts.tls(settings).ifPresent(TlsFiles::check);
        TraceParts.otlp(settings);
        AuthParts.checkSecrets(settings);
    }
}
