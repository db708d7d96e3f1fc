package io.whimbrel.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrustedProxiesTest {
    private static final TrustedProxies PROXIES =
            TrustedProxies.of(List.of("10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::1"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        # peer           | X-Forwarded-For                        | client
        203.0.113.9      | -                                      | 203.0.113.9
        203.0.113.9      | 198.51.100.1                           | 203.0.113.9
        10.1.2.3         | -                                      | 10.1.2.3
        10.1.2.3         | 198.51.100.1                           | 198.51.100.1
        10.1.2.3         | 198.51.100.1, 10.9.9.9                 | 198.51.100.1
        10.1.2.3         | 1.1.1.1, 198.51.100.1, 10.9.9.9        | 198.51.100.1
        10.1.2.3         | 10.0.0.1,10.0.0.2                      | 10.0.0.1
        10.1.2.3         | 198.51.100.1:4711                      | 198.51.100.1
        10.1.2.3         | 2001:db8::5                            | 2001:db8:0:0:0:0:0:5
        10.1.2.3         | [2001:db8::5]                          | 2001:db8:0:0:0:0:0:5
        10.1.2.3         | [2001:DB8::5]:443                      | 2001:db8:0:0:0:0:0:5
        10.1.2.3         | ::ffff:198.51.100.1                    | 198.51.100.1
        10.1.2.3         | 198.51.100.1, ::ffff:10.0.0.1          | 198.51.100.1
        10.1.2.3         | [::ffff:198.51.100.1]:80, 192.0.2.7:80 | 198.51.100.1
        fd12::1          | 198.51.100.1, 2001:db8::1              | 198.51.100.1
        2001:db8::2      | 198.51.100.1                           | 2001:db8:0:0:0:0:0:2
        192.0.2.7        | 198.51.100.1                           | 198.51.100.1
        192.0.2.8        | 198.51.100.1                           | 192.0.2.8
        10.1.2.3         | 198.51.100.1, unknown                  | 10.1.2.3
        10.1.2.3         | 198.51.100.1, unknown, 10.0.0.9        | 10.0.0.9
        10.1.2.3         | ,, 198.51.100.1 ,, 10.0.0.9 ,          | 198.51.100.1
        10.1.2.3         | ,                                      | 10.1.2.3
        """)
    void headerIsReadFromTheRightAsFarAsItsWritersAreTrusted(String peer, @Nullable String header, String client) {
        List<String> lines = header == null ? List.of() : List.of(header);

        assertThat(PROXIES.clientOf(InetAddress.ofLiteral(peer), lines).getHostAddress())
                .isEqualTo(client);
    }

    @Test
    void severalLinesAreOneList() {
        InetAddress peer = InetAddress.ofLiteral("10.1.2.3");

        assertThat(PROXIES.clientOf(peer, List.of("1.1.1.1", "198.51.100.1", "", "10.0.0.9, 10.0.0.8"))
                        .getHostAddress())
                .isEqualTo("198.51.100.1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "example.org",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.",
                ".1.2.3",
                "1.2.3.256",
                "1.2.3.04",
                "010.0.0.1",
                "0x0a.0.0.1",
                "1.2.3.-4",
                "+1.2.3.4",
                "1.2.3.٤",
                "1.2.3.4:",
                "1.2.3.4:x",
                "1.2.3.4:123456",
                "1.2.3.4:80:80",
                "1.2.3.4/8",
                "1.2.3.4 5.6.7.8",
                ":",
                "::::",
                "1::2::3",
                "12345::",
                "g::",
                "fe80::1%eth0",
                "fe80::1%lo",
                "::1%",
                "[::1",
                "[::1]x",
                "[::1]:",
                "[]",
                "[",
                "]",
                "[1.2.3.4",
                "[[::1]]",
                "::ffff:1.2.3.256",
                "::ffff:1.2.3.4.5",
                "\"1.2.3.4\"",
                "for=1.2.3.4",
                "unknown",
                "_hidden",
                "\u0000",
                "😀",
                "1.2.3.4\u0000",
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            })
    void whatCannotBeReadEndsTheTrust(String hop) {
        InetAddress peer = InetAddress.ofLiteral("10.1.2.3");

        assertThat(PROXIES.clientOf(peer, List.of("198.51.100.1, " + hop)).getHostAddress())
                .isEqualTo("10.1.2.3");
        assertThat(PROXIES.clientOf(peer, List.of("198.51.100.1, " + hop + ", 10.0.0.9"))
                        .getHostAddress())
                .isEqualTo("10.0.0.9");
    }

    @Test
    void headerThatIsTooLongIsIgnored() {
        InetAddress peer = InetAddress.ofLiteral("10.1.2.3");
        String fits = " ".repeat(TrustedProxies.MAX_HEADER_CHARS - 12) + "198.51.100.1";

        assertThat(PROXIES.clientOf(peer, List.of(fits)).getHostAddress()).isEqualTo("198.51.100.1");
        assertThat(PROXIES.clientOf(peer, List.of(fits + " "))).isEqualTo(peer);
        assertThat(PROXIES.clientOf(peer, Collections.nCopies(10_000, "198.51.100.1")))
                .isEqualTo(peer);
    }

    @Test
    void noiseLeadsToTheProxyOrToSomethingThatWasSaid() {
        Random random = new Random(5);
        InetAddress peer = InetAddress.ofLiteral("10.1.2.3");
        String characters = "0123456789abcdef:.,[] %x";

        for (int i = 0; i < 20_000; i++) {
            StringBuilder header = new StringBuilder();
            for (int length = random.nextInt(40); length > 0; length--) {
                header.append(characters.charAt(random.nextInt(characters.length())));
            }
            assertThat(PROXIES.clientOf(peer, List.of(header.toString()))).isNotNull();
        }
    }

    @Test
    void peerInsideOfIpv6IsIpv4() throws Exception {
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xFF;
        mapped[11] = (byte) 0xFF;
        mapped[12] = 10;
        InetAddress peer = Inet6Address.getByAddress(null, mapped, 0);

        assertThat(PROXIES.trusts(peer)).isTrue();
        assertThat(PROXIES.clientOf(peer, List.of())).isEqualTo(InetAddress.ofLiteral("10.0.0.0"));
    }

    @Test
    void nobodyIsTrustedUnlessItIsSet() {
        InetAddress peer = InetAddress.ofLiteral("127.0.0.1");

        assertThat(TrustedProxies.NONE.clientOf(peer, List.of("198.51.100.1"))).isEqualTo(peer);
        assertThat(TrustedProxies.of(List.of()).trusts(peer)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        10.0.0.0/8          | 10.255.255.255 | true
        10.0.0.0/8          | 11.0.0.0       | false
        10.1.2.3/8          | 10.9.9.9       | true
        192.168.4.0/22      | 192.168.7.255  | true
        192.168.4.0/22      | 192.168.8.0    | false
        192.168.4.0/22      | 192.168.3.255  | false
        203.0.113.128/25    | 203.0.113.128  | true
        203.0.113.128/25    | 203.0.113.127  | false
        1.2.3.4             | 1.2.3.4        | true
        1.2.3.4/32          | 1.2.3.5        | false
        0.0.0.0/0           | 255.1.2.3      | true
        0.0.0.0/0           | ::1            | false
        ::/0                | fe80::1        | true
        ::/0                | 1.2.3.4        | false
        2001:db8::/33       | 2001:db8:7fff::| true
        2001:db8::/33       | 2001:db8:8000::| false
        ::1                 | ::1            | true
        ::ffff:10.0.0.0/104 | 10.9.9.9       | true
        ::ffff:10.0.0.7     | 10.0.0.7       | true
        """)
    void networkHoldsTheAddressesThatBeginAlike(String network, String address, boolean holds) {
        assertThat(TrustedProxies.of(List.of(network)).trusts(InetAddress.ofLiteral(address)))
                .isEqualTo(holds);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "10.0.0.0/255.0.0.0",
                "10.0.0.0/٨",
                "10.0.0.0/9999999999",
                "10/8",
                "fd00::/129",
                "::ffff:10.0.0.0/95",
                "[fd00::]/8",
                "localhost",
                "example.org/24",
                "*",
            })
    void wrongNetworkIsSaidInASentence(String text) {
        assertThatThrownBy(() -> TrustedProxies.of(List.of("10.0.0.1", text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("proxies.trusted is \"" + text
                        + "\", but must be addresses and networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8");
    }

    @Test
    void numberOfNetworksHasALimit() {
        assertThatThrownBy(() -> TrustedProxies.of(Collections.nCopies(1025, "10.0.0.1")))
                .hasMessage("proxies.trusted holds 1025 networks; it may hold 0 to 1024");
    }

    @Test
    void sourceIsAnAddressOrTheNetworkOfOne() {
        assertThat(source("203.0.113.9")).isNotEqualTo(source("203.0.113.8"));
        assertThat(source("2001:db8:1:2:3:4:5:6")).isEqualTo(source("2001:db8:1:2::1"));
        assertThat(source("2001:db8:1:2::1")).isNotEqualTo(source("2001:db8:1:3::1"));
        assertThat(source("::ffff:203.0.113.9")).isEqualTo(source("203.0.113.9"));
    }

    private static Source source(String address) {
        return Source.of(InetAddress.ofLiteral(address));
    }
}
