package io.whimbrel.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @TempDir
    private Path folder;

    @Test
    void aSettingHasOneNameEverywhere() {
        Setting keys = java.util.Objects.requireNonNull(SettingCatalog.BY_NAME.get("web.api-keys"));

        assertThat(keys.environmentName()).isEqualTo("WHIMBREL_WEB_API_KEYS");
        assertThat(keys.flag()).isEqualTo("--web.api-keys");
    }

    @Test
    void noTwoSettingsShareAVariable() {
        assertThat(SettingCatalog.ALL.stream().map(Setting::environmentName)).doesNotHaveDuplicates();
    }

    @Test
    void theFileMayBeNestedOrDottedAndHoldLists() throws IOException {
        Map<String, String> read = SettingSources.file(file("""
            web:
              port: 8000
              api-keys: [one, two]
            gateway.ping.interval: 30s
            gateway:
              ping: {timeout: 5s}
            log.level: debug
            """));

        assertThat(read)
                .containsOnly(
                        Map.entry("web.port", "8000"),
                        Map.entry("web.api-keys", "one,two"),
                        Map.entry("gateway.ping.interval", "30s"),
                        Map.entry("gateway.ping.timeout", "5s"),
                        Map.entry("log.level", "debug"));
        assertThat(settings(read).list("web.api-keys")).containsExactly("one", "two");
    }

    @Test
    void anEmptyFileSetsNothing() throws IOException {
        assertThat(SettingSources.file(file("# nothing yet\n"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        web: {prot: 1}          | has web.prot, which is no setting (is web.port meant?)
        nonsense: 1             | has nonsense, which is no setting
        web.port: {a: 1}        | has settings below web.port, which has none
        - a                     | must hold settings such as web.port: 5000
        a: [                    | is not YAML
        {web.port: 1, web: {port: 2}} | has web.port twice
        !!java.io.File x        | is not YAML
        """)
    void aWrongFileIsSaidInASentence(String text, String sentence) throws IOException {
        Path file = file(text);

        assertThatThrownBy(() -> SettingSources.file(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(sentence)
                .hasMessageContaining(file.toString());
    }

    @Test
    void theEnvironmentIsReadAndItsMistakesAreSaid() {
        assertThat(SettingSources.environment(
                        Map.of("WHIMBREL_WEB_PORT", "1", "PATH", "/bin", "WHIMBREL_JVM_OPTIONS", "-Xmx1g")))
                .containsOnly(Map.entry("web.port", "1"));
        assertThatThrownBy(() -> SettingSources.environment(Map.of("WHIMBREL_WEB_PRT", "1")))
                .hasMessage("The environment has WHIMBREL_WEB_PRT, which is no setting (is WHIMBREL_WEB_PORT meant?)");
    }

    /** Those of a service named whimbrel, or whimbrel-web, which Kubernetes gives each container beside it. */
    @ParameterizedTest
    @CsvSource({
        "WHIMBREL_SERVICE_HOST,10.0.0.1",
        "WHIMBREL_SERVICE_PORT,5000",
        "WHIMBREL_SERVICE_PORT_HTTP,5000",
        "WHIMBREL_PORT,tcp://10.0.0.1:5000",
        "WHIMBREL_WEB_PORT,tcp://10.0.0.1:5000",
        "WHIMBREL_WEB_PORT_5000_TCP,tcp://10.0.0.1:5000",
        "WHIMBREL_WEB_PORT_5000_TCP_ADDR,10.0.0.1",
        "WHIMBREL_WEB_PORT_5000_UDP_PROTO,udp"
    })
    void variablesOfServicesAreNoSettings(String variable, String value) {
        assertThat(SettingSources.environment(Map.of(variable, value))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"300ms,PT0.3S", "8s,PT8S", "8,PT8S", "10m,PT10M", "24h,PT24H", "2d,PT48H", "0,PT0S"})
    void timesHaveUnits(String text, Duration duration) {
        assertThat(settings(Map.of("web.idle.timeout", text)).duration("web.idle.timeout"))
                .isEqualTo(duration);
    }

    @Test
    void secretsAreNeverShown() {
        String secret = "a-secret-that-is-long-enough-for-hmac";

        String described =
                settings(Map.of("auth.secret", secret, "web.api-keys", "key-1")).describe();

        assertThat(described)
                .contains("auth.secret: (hidden)\n", "web.api-keys: (hidden)\n")
                .doesNotContain(secret)
                .doesNotContain("key-1");
    }

    @Test
    void thePasswordInAUriIsNotShown() {
        String described = settings(Map.of("broker.redis.uri", "redis://whimbrel:p@ss@one:6379,two:6379"))
                .describe();

        assertThat(described)
                .contains("broker.redis.uri: \"redis://(hidden)@one:6379,two:6379\"")
                .doesNotContain("ss@");
    }

    @Test
    void whatIsDescribedCanBeReadAgain() throws IOException {
        Settings original = settings(Map.of("web.gateway.url", "ws://a/\"b\\", "web.port", "1"));

        Settings again = settings(SettingSources.file(file(original.describe())));

        assertThat(again.describe().replaceAll(" +# default", ""))
                .isEqualTo(original.describe().replaceAll(" +# default", ""));
    }

    @Test
    void theDefaultsAreThoseOfTheParts() {
        Settings defaults = settings(Map.of());

        assertThat(GatewayService.gatewaySettings(defaults)).isEqualTo(io.whimbrel.gateway.GatewaySettings.defaults());
        assertThat(WebService.webSettings(defaults))
                .isEqualTo(io.whimbrel.web.WebSettings.draft().settled());
        assertThat(RedisParts.broker(defaults))
                .isEqualTo(
                        io.whimbrel.broker.redis.RedisSettings.of(io.whimbrel.broker.redis.RedisSettings.DEFAULT_URI));
        assertThat(AuthParts.callbackSettings(defaults))
                .isEqualTo(io.whimbrel.auth.WebServerSettings.withDefaults(
                        io.whimbrel.auth.WebServerSettings.DEFAULT_URL));
    }

    @Test
    void certificateAndKeyAreSetTogether() {
        assertThat(EdgeParts.tls(settings(Map.of()))).isEmpty();
        assertThat(EdgeParts.tls(settings(Map.of("tls.certificate", "a", "tls.key", "b"))))
                .hasValue(new io.whimbrel.ops.TlsSettings(
                        Path.of("a"), Path.of("b"), io.whimbrel.ops.TlsSettings.DEFAULT_RELOAD_INTERVAL));
        assertThatThrownBy(() -> EdgeParts.tls(settings(Map.of("tls.key", "b"))))
                .hasMessage("tls.key is set and tls.certificate is not; set both, or neither for plain connections");
        assertThatThrownBy(() -> SettingsCheck.run(
                        settings(Map.of("tls.certificate", "/nowhere/a.pem", "tls.key", "/nowhere/b.pem"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tls.certificate: /nowhere/a.pem cannot be read");
    }

    @Test
    void theOperatorsGuideTellsOfEverySetting() throws IOException {
        String guide = Files.readString(Path.of("../../docs/operating.md"));

        for (Setting setting : SettingCatalog.ALL) {
            String defaultCell = setting.defaultText().isEmpty()
                    ? "`(empty)`"
                    : "`" + setting.defaultText().replace("|", "\\|") + "`";
            assertThat(guide.lines().filter(line -> line.startsWith("| `" + setting.name() + "` |")))
                    .as(setting.name())
                    .singleElement()
                    .asString()
                    .contains("| " + defaultCell + " |");
        }
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("whimbrel.yaml"), text);
    }

    private static Settings settings(Map<String, String> given) {
        return new Settings(given, Path.of(""));
    }
}
