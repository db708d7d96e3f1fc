package io.whimbrel.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.whimbrel.model.ClientError;
import java.nio.charset.Charset;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PublishRequestTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "true",
                "false",
                "0",
                "-0",
                "1.50",
                "1e999",
                "-12.5E+007",
                "\"\"",
                "\"hi\"",
                "\"<script>alert(1)</script>\"",
                "\"\\u00e4 \\\" \\\\ \\/ \\n\"",
                "\"lone \\ud800 surrogate\"",
                "\"äöü € 𝄞 \u2028\"",
                "{}",
                "[]",
                "{ \"b\" : 1,\n\t\"a\":[ 1 , 2 ] , \"a\" : null }",
                "[[[\"]}\",\"\\\"\"]],{}]",
                "{\"message\":1,\"uuid_remote\":2,\"message\":3}",
                "12345678901234567890123456789012345678901234567890",
            })
    void messageIsCutOutByteForByte(String message) {
        for (String space : new String[] {"", " ", "\r\n\t "}) {
            String json = "%s{%s\"message\"%s:%s%s%s,\"uuid_remote\":\"r\",\"uuid_local\":\"l\"%s}%s"
                    .formatted(space, space, space, space, message, space, space, space);
            String last = "{\"uuid_remote\":\"r\",\"uuid_local\":\"l\",\"message\":" + space + message + space + "}";

            assertThat(new String(json(json).message(), UTF_8)).isEqualTo(message);
            assertThat(new String(json(last).message(), UTF_8)).isEqualTo(message);
            assertThat(json(last).uuidRemote()).isEqualTo("r");
            assertThat(json(last).uuidLocal()).isEqualTo("l");
        }
    }

    @Test
    void longMessagesAreCutOutByteForByte() {
        for (String message : new String[] {
            '"' + "ä€𝄞\\n".repeat(10_000) + '"', "9".repeat(60_000), "[" + "1 ,".repeat(20_000) + "1]"
        }) {
            assertThat(new String(json("{\"message\":" + message + "}").message(), UTF_8))
                    .isEqualTo(message);
        }
    }

    @Test
    void namesMayBeEscapedAndUnknownOnesAreIgnored() {
        PublishRequest request = json(
                "{\"x\":{\"message\":[1]},\"mess\\u0061ge\":7,\"y\":\"z\",\"y\":2,\"" + "n".repeat(60_000) + "\":[]}");

        assertThat(new String(request.message(), UTF_8)).isEqualTo("7");
    }

    @Test
    void recipientAndSenderMayBeMissingOrNull() {
        PublishRequest missing = json("{\"message\":1}");
        PublishRequest none = json("{\"message\":1,\"uuid_remote\":null,\"uuid_local\":null}");

        assertThat(missing.uuidRemote()).isNull();
        assertThat(none.uuidRemote()).isNull();
        assertThat(none.uuidLocal()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "x",
                "null",
                "[]",
                "\"message\"",
                "1",
                "{",
                "}",
                "{}",
                "{\"message\"}",
                "{\"message\":}",
                "{\"message\":1",
                "{\"message\":1,}",
                "{\"message\":1}}",
                "{\"message\":1}{\"message\":1}",
                "{\"message\":1} x",
                "{\"message\":1}\u0000",
                "{\"message\":1,\"message\":2}",
                "{\"message\":null,\"message\":null}",
                "{\"message\":1,\"mess\\u0061ge\":1}",
                "{\"message\":1,\"uuid_remote\":\"a\",\"uuid_remote\":\"a\"}",
                "{\"message\":1,\"uuid_remote\":null,\"uuid_remote\":\"a\"}",
                "{\"message\":1,\"uuid_local\":\"a\",\"uuid_local\":null}",
                "{\"message\":1,\"topic\":\"a\",\"topic\":\"a\"}",
                "{\"message\":1,\"topic\":null,\"topic\":\"a\"}",
                "{\"message\":1,\"topic\":5}",
                "{\"message\":1,\"idempotency_key\":\"a\",\"idempotency_key\":\"a\"}",
                "{\"message\":1,\"idempotency_key\":null,\"idempotency_key\":\"a\"}",
                "{\"message\":1,\"idempotency_key\":\"\"}",
                "{\"message\":1,\"idempotency_key\":\"a b\"}",
                "{\"message\":1,\"idempotency_key\":\"\\u00e4\"}",
                "{\"message\":1,\"idempotency_key\":5}",
                "{\"message\":1,\"topic\":[\"a\"]}",
                "{\"message\":1,\"uuid_local\":5}",
                "{\"message\":1,\"uuid_local\":true}",
                "{\"message\":1,\"uuid_remote\":{}}",
                "{\"message\":1,\"uuid_remote\":[\"a\"]}",
                "{\"uuid_remote\":\"a\",\"uuid_local\":\"b\"}",
                "{'message':1}",
                "{message:1}",
                "{\"message\":'a'}",
                "{\"message\":NaN}",
                "{\"message\":Infinity}",
                "{\"message\":-Infinity}",
                "{\"message\":01}",
                "{\"message\":+1}",
                "{\"message\":.5}",
                "{\"message\":1.}",
                "{\"message\":1e}",
                "{\"message\":0x10}",
                "{\"message\":1_000}",
                "{\"message\":tru}",
                "{\"message\":truex}",
                "{\"message\":undefined}",
                "{\"message\":[1,]}",
                "{\"message\":[,1]}",
                "{\"message\":[1 2]}",
                "{\"message\":{\"a\":1,}}",
                "{\"message\":{\"a\" 1}}",
                "{\"message\":[}",
                "{\"message\":\"a}",
                "{\"message\":\"a\nb\"}",
                "{\"message\":\"a\tb\"}",
                "{\"message\":\"a\u0000b\"}",
                "{\"message\":\"\u0001\"}",
                "{\"message\":\"\\x41\"}",
                "{\"message\":\"\\u12\"}",
                "{\"message\":\"\\u12G4\"}",
                "{\"message\":\"\\'\"}",
                "{\"message\":1 /* why */}",
                "// a\n{\"message\":1}",
                "{\"message\":1,\"x\":tru}",
                "{\"message\":1,\"x\":\"\u0002\"}",
                "{\"message\":1,\"x\":{\"y\":[1,}}",
                "\uFEFF{\"message\":1}",
                "{\u00a0\"message\":1}",
                "{\"message\":\uFEFF1}",
            })
    void whatIsNotStrictJsonIsMalformed(String body) {
        assertMalformed(BodyFormat.JSON, body.getBytes(UTF_8));
    }

    @Test
    void whatIsNotStrictUtf8IsMalformed() {
        for (String bytes : new String[] {
            "\u00ff",
            "\u0080", // a tail alone
            "\u00c3", // a lead alone
            "\u00c0\u00af", // overlong
            "\u00c1\u00bf",
            "\u00e0\u0080\u00af",
            "\u00e0\u009f\u00bf",
            "\u00f0\u008f\u00bf\u00bf",
            "\u00ed\u00a0\u0080", // surrogates
            "\u00ed\u00bf\u00bf",
            "\u00f4\u0090\u0080\u0080", // above U+10FFFF
            "\u00f5\u0080\u0080\u0080",
            "\u00f8\u0088\u0080\u0080\u0080",
            "\u00e2\u0082", // cut short
            "\u00f0\u009d\u0084",
        }) {
            String inMessage = "{\"message\":\"" + bytes + "\"}";
            String inUnknown = "{\"message\":1,\"x\":\"12345678" + bytes + "\"}";

            assertMalformed(BodyFormat.JSON, inMessage.getBytes(ISO_8859_1));
            assertMalformed(BodyFormat.JSON, inUnknown.getBytes(ISO_8859_1));
            assertMalformed(BodyFormat.FORM, ("message=" + bytes).getBytes(ISO_8859_1));
        }
    }

    @Test
    void otherEncodingsAreNotGuessed() {
        for (Charset charset :
                new Charset[] {UTF_16BE, UTF_16LE, Charset.forName("UTF-32BE"), Charset.forName("UTF-32LE")}) {
            assertMalformed(BodyFormat.JSON, "{\"message\":1}".getBytes(charset));
            assertMalformed(BodyFormat.JSON, "\uFEFF{\"message\":1}".getBytes(charset));
        }
    }

    @Test
    void everyTruncationIsMalformed() {
        byte[] whole =
                "{\"uuid_remote\":\"r\",\"message\":{\"a\":[1.5e3,\"ä\\u00e4\",true,null]},\"x\":-1}".getBytes(UTF_8);

        for (int length = 0; length < whole.length; length++) {
            assertMalformed(BodyFormat.JSON, Arrays.copyOf(whole, length));
        }
        assertThat(PublishRequest.read(BodyFormat.JSON, whole).message()).isNotEmpty();
    }

    @Test
    void nestingIsLimited() {
        int fits = PublishRequest.MAX_DEPTH - 1; // the body itself is one
        String deepest = "[".repeat(fits) + "]".repeat(fits);

        assertThat(json("{\"message\":" + deepest + "}").message()).hasSize(2 * fits);
        assertMalformed(BodyFormat.JSON, ("{\"message\":[" + deepest + "]}").getBytes(UTF_8));
        assertMalformed(BodyFormat.JSON, "{\"message\":".repeat(30_000).getBytes(UTF_8));
        assertMalformed(BodyFormat.JSON, ("{\"x\":" + "[".repeat(60_000)).getBytes(UTF_8));
    }

    @Test
    void detailsHoldNothingOfTheBody() {
        for (String body : new String[] {
            "{\"message\":secret}", "{\"uuid_local\":\"secret\" \"secret\"}", "{\"uuid_local\":\"\\secret\"}", "secret"
        }) {
            assertThatThrownBy(() -> json(body))
                    .asInstanceOf(type(Refusal.class))
                    .satisfies(refusal -> assertThat(refusal.problem().json()).doesNotContain("secret"));
        }
        assertThat(json("{\"message\":\"secret\",\"uuid_local\":\"secret\"}").toString())
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "message=hi                  | \"hi\"",
                "message=                    | \"\"",
                "message                     | \"\"",
                "message=a+b%20c%2Bd         | \"a b c+d\"",
                "message=%22%5C%2F           | \"\\\"\\\\/\"",
                "message=a%0Ab%0D%09%08%0C   | \"a\\nb\\r\\t\\b\\f\"",
                "message=%00%1f%7F           | \"\\u0000\\u001f\u007f\"",
                "message=%C3%A4%e2%82%ac     | \"ä€\"",
                "message=ä€                  | \"ä€\"",
                "message=a=b=c               | \"a=b=c\"",
                "m%65ssage=1                 | \"1\"",
                "&&x=1&x=2&message=1&        | \"1\"",
                "message=%7B%22a%22%3A1%7D   | \"{\\\"a\\\":1}\"",
                "message=<b>&uuid_local=l    | \"<b>\"",
            })
    void formValuesBecomeJsonStrings(String form, String message) {
        PublishRequest request = form(form);

        assertThat(new String(request.message(), UTF_8)).isEqualTo(message);
        assertThat(json("{\"message\":" + message + "}").message()).isEqualTo(request.message());
    }

    @Test
    void topicStandsWhereTheRecipientMay() {
        assertThat(json("{\"topic\":\"a \\u00e9\\\"\",\"message\":1}").topic()).isEqualTo("a é\"");
        assertThat(json("{\"topic\":null,\"message\":1}").topic()).isNull();
        assertThat(json("{\"message\":1}").topic()).isNull();
        assertThat(form("topic=a+%C3%A9%22&message=1").topic()).isEqualTo("a é\"");
    }

    @Test
    void formsCarryRecipientAndSender() {
        PublishRequest request = form("uuid_local=a%2Eb&message=m&uuid_remote=c+d");

        assertThat(request.uuidLocal()).isEqualTo("a.b");
        assertThat(request.uuidRemote()).isEqualTo("c d");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "&",
                "x=1",
                "message=1&message=1",
                "message=1&m%65ssage=1",
                "message=1&uuid_remote=a&uuid_remote=a",
                "message=1&uuid_local=&uuid_local=",
                "message=1&topic=a&topic=a",
                "message=%",
                "message=%4",
                "message=%4&x=1",
                "message=%G1",
                "message=%1G",
                "message=%+1",
                "message=%C3",
                "message=%C0%AF",
                "message=%ED%A0%80",
                "message=1&x=%zz",
                "message=1&%zz=1",
                "message=1&uuid_local=%ff",
            })
    void brokenFormsAreMalformed(String form) {
        assertMalformed(BodyFormat.FORM, form.getBytes(UTF_8));
    }

    @Test
    void utf8CheckAgreesWithTheJdk() {
        byte[] bytes = new byte[12];
        for (int lead = 0x7F; lead <= 0xFF; lead++) {
            for (int second = 0; second <= 0xFF; second++) {
                for (int third : new int[] {'a', 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0}) {
                    Arrays.fill(bytes, (byte) 'x');
                    bytes[3] = (byte) lead;
                    bytes[4] = (byte) second;
                    bytes[5] = (byte) third;
                    bytes[6] = (byte) 0x80;
                    boolean valid = Arrays.equals(new String(bytes, UTF_8).getBytes(UTF_8), bytes);

                    assertThat(Utf8.isValid(bytes))
                            .as("%x %x %x", lead, second, third)
                            .isEqualTo(valid);
                }
            }
        }
    }

    private static PublishRequest json(String text) {
        return PublishRequest.read(BodyFormat.JSON, text.getBytes(UTF_8));
    }

    private static PublishRequest form(String text) {
        return PublishRequest.read(BodyFormat.FORM, text.getBytes(UTF_8));
    }

    private static void assertMalformed(BodyFormat format, byte[] body) {
        assertThatThrownBy(() -> PublishRequest.read(format, body))
                .asInstanceOf(type(Refusal.class))
                .extracting(refusal -> refusal.problem().error())
                .isEqualTo(ClientError.MALFORMED_REQUEST);
    }
}
