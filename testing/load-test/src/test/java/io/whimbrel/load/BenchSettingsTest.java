package io.whimbrel.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be asked for, and what is said where it may not. */
class BenchSettingsTest {
    @Test
    void urlsAreReadWithTheirDefaults() {
        assertThat(Endpoint.web("https://example.org")).isEqualTo(new Endpoint("example.org", 443, "/", true));
        assertThat(Endpoint.gateways("ws://a:7071/ws, wss://b/x?y=1"))
                .containsExactly(new Endpoint("a", 7071, "/ws", false), new Endpoint("b", 443, "/x?y=1", true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost:7071", "http://localhost", "ws://", "ws://user:secret@host/", "ws://a b/"})
    void whatIsNoGatewayIsSaid(String url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Endpoint.gateway(url))
                .withMessageContaining("is no URL such as ws://host:port");
    }

    @Test
    void anImpossibleNumberIsSaidWithItsOption() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings.Load(0, 1, 1, 1, 0, 128, 0, 0))
                .withMessage("--connections is 0, but must be 1 to 1000000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings.Load(1, 1, 1, 1, 0, 31, 0, 0))
                .withMessageStartingWith("--size is 31, but must be 32 to");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings.Load(1, 1, 1, 1, Double.NaN, 128, 0, 0))
                .withMessageStartingWith("--rate");
    }

    @Test
    void processesAreReadFromNamesAndPids() {
        assertThat(WatchedProcess.parse("web:12, gateway:34"))
                .containsExactly(new WatchedProcess("web", 12), new WatchedProcess("gateway", 34));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WatchedProcess.parse("12"))
                .withMessageContaining("name:pid");
    }

    @Test
    void cpuTimeIsReadWhateverTheProcessIsCalled() {
        String stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 9 9 9 9 250 50 0 0 20 0 1 0 99";

        assertThat(ProcessSample.cpuSeconds(stat)).isEqualTo(3.0);
    }

    @Test
    void tooFewDescriptorsAreSaidBeforeAnythingStarts() {
        List<String> limits = List.of("Limit   Soft Limit  Hard Limit  Units", "Max open files   1024   4096   files");

        assertThatExceptionOfType(BenchException.class)
                .isThrownBy(() -> Preflight.checkDescriptors(settings(1_000, 1), limits))
                .withMessageContaining("may open 1024 files, but 1000 connections need 1101");
        Preflight.checkDescriptors(settings(900, 1), limits);
        Preflight.checkDescriptors(settings(900_000, 1), List.of("Max open files unlimited unlimited files"));
    }

    @Test
    void moreConnectionsThanPortsNeedMoreSourceAddresses() {
        assertThatExceptionOfType(BenchException.class)
                .isThrownBy(() -> Preflight.checkPorts(settings(30_000, 1), "32768\t60999\n"))
                .withMessageContaining("--source-addresses");
        Preflight.checkPorts(settings(30_000, 2), "32768\t60999\n");
    }

    @Test
    void theKeyIsNeverShown() {
        assertThat(settings(1, 1).toString()).doesNotContain("secret-key");
        assertThat(Identity.of("secret-token", "address").toString()).doesNotContain("secret-token");
    }

    @Test
    void aTopicTakesAKeyTokensAndAScenarioOfOneAddress() {
        BenchSettings known = settings(1, 1);
        BenchSettings.Target toTopic = new BenchSettings.Target(
                known.target().web(), known.target().gateways(), null, List.of(), Path.of("tokens"), "key", "news");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings.Target(
                        toTopic.web(), toTopic.gateways(), null, List.of(), toTopic.tokens(), "", "news"))
                .withMessageContaining("--api-key-file");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings.Target(
                        toTopic.web(), toTopic.gateways(), null, List.of(), toTopic.tokens(), "key", "a\"b"))
                .withMessageContaining("--topic must be visible ASCII");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchSettings(
                        Scenario.UNICAST, toTopic, known.load(), known.times(), known.breaks(), 1, List.of()))
                .withMessageContaining("fanout and slow");
    }

    static BenchSettings settings(int connections, int sources) {
        return settings(Scenario.FANOUT, connections, sources);
    }

    static BenchSettings settings(Scenario scenario, int connections, int sources) {
        return new BenchSettings(
                scenario,
                new BenchSettings.Target(
                        Endpoint.web("http://localhost:5000"),
                        Endpoint.gateways("ws://localhost:7071/ws"),
                        null,
                        java.util.Collections.nCopies(sources, "127.0.0.1"),
                        null,
                        "secret-key",
                        ""),
                new BenchSettings.Load(connections, 10, 1, 40, 0, 128, 0, 0),
                new BenchSettings.Times(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(3)),
                new BenchSettings.Breaks(Duration.ofSeconds(15), Duration.ofSeconds(2), "", 1),
                1,
                List.of());
    }
}
