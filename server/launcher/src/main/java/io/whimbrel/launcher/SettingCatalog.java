package io.whimbrel.launcher;

import static io.whimbrel.launcher.Setting.Kind.DURATION;
import static io.whimbrel.launcher.Setting.Kind.LIST;
import static io.whimbrel.launcher.Setting.Kind.NUMBER;
import static io.whimbrel.launcher.Setting.Kind.SHARE;
import static io.whimbrel.launcher.Setting.Kind.SWITCH;
import static io.whimbrel.launcher.Setting.Kind.TEXT;

import io.whimbrel.launcher.Setting.Kind;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Every setting there is. {@code docs/operating.md} tells the same at length; a test compares the two. */
final class SettingCatalog {
    static final List<Setting> ALL = List.of(
            setting("data.folder", TEXT, "data", "what must be kept: the token secret, Redis' data"),
            setting("log.format", TEXT, "text", "text or json"),
            setting("log.level", TEXT, "info", "error, warn, info or debug"),
            //
            setting("web.host", TEXT, "0.0.0.0", "the address the web server listens on"),
            setting("web.port", NUMBER, "5000", "its port; 0 takes a free one"),
            setting("web.admin.host", TEXT, "127.0.0.1", "the address its admin port listens on"),
            setting("web.admin.port", NUMBER, "5001", "health and metrics of the web server; 0 takes a free one"),
            setting("web.cors.origins", LIST, "*", "origins whose pages may read answers; * admits all"),
            secret("web.api-keys", LIST, "secrets of backends that may publish for anybody, without a rate"),
            setting("web.rate.per-second", NUMBER, "50", "publications a sender may make in the long run"),
            setting("web.rate.burst", NUMBER, "100", "publications a sender may make at once"),
            setting("web.token.rate.per-second", NUMBER, "0", "requests for tokens per source address; 0: no limit"),
            setting("web.token.rate.burst", NUMBER, "20", "requests for tokens it may make at once"),
            setting("web.max-body-bytes", NUMBER, "65536", "the largest body of POST /publish"),
            setting("web.gateway.url", TEXT, "", "what the page connects to; empty: its own host, the gateway's port"),
            setting("web.redis.plain-channel", TEXT, "", "also publish in the original's form here; empty: nowhere"),
            setting("web.idempotency.time", DURATION, "5m", "for how long a publication with a key is not sent again"),
            setting("web.receipts.max-waiting", NUMBER, "10000", "publishers that may wait for a receipt at once"),
            setting("web.publish.timeout", DURATION, "3s", "how long the broker may take before the answer is 503"),
            setting("web.request.timeout", DURATION, "10s", "how long a request may take to arrive"),
            setting("web.idle.timeout", DURATION, "60s", "how long a connection may stay without a request"),
            setting("web.max-connections", NUMBER, "10000", "connections to the web server in all"),
            setting("web.drain.timeout", DURATION, "2s", "how long requests may take to end when it stops"),
            //
            setting("gateway.host", TEXT, "0.0.0.0", "the address the gateway listens on"),
            setting("gateway.port", NUMBER, "7071", "its port; 0 takes a free one"),
            setting("gateway.admin.host", TEXT, "127.0.0.1", "the address its admin port listens on"),
            setting("gateway.admin.port", NUMBER, "7072", "health and metrics of the gateway; 0 takes a free one"),
            setting("gateway.origins", LIST, "", "origins whose pages may connect; empty: all"),
            setting("gateway.event-loops", NUMBER, "0", "threads that hold connections; 0: one per core"),
            setting("gateway.auth.mode", TEXT, "callback", "callback asks the web server, local checks the signature"),
            setting("gateway.auth.url", TEXT, "http://localhost:5000/auth/{token}", "where the web server is asked"),
            setting("gateway.auth.timeout", DURATION, "5s", "how long an answer about a token may take"),
            setting("gateway.auth.max-in-flight", NUMBER, "256", "questions about tokens at the same time"),
            setting("gateway.auth.max-waiting", NUMBER, "10000", "questions that may wait for their turn"),
            setting("gateway.auth.trust", TEXT, "", "PEM file of those who signed its certificate; empty: the JDK's"),
            setting("gateway.redis.plain-channel", TEXT, "article", "the original's records come here; empty: off"),
            setting("gateway.handshake.timeout", DURATION, "10s", "how long a request may take to be complete"),
            setting("gateway.ping.interval", DURATION, "25s", "time between two pings"),
            setting("gateway.ping.timeout", DURATION, "8s", "silence after a ping that ends the connection"),
            setting("gateway.close.timeout", DURATION, "5s", "how long a client may take to answer a Close frame"),
            setting("gateway.drain.seconds", NUMBER, "30", "over which time goodbyes are spread; 2 with up"),
            setting("gateway.compression", SWITCH, "false", "whether permessage-deflate is accepted"),
            setting("gateway.max-connections", NUMBER, "1000000", "connections in all, handshakes included"),
            setting("gateway.max-connections-per-address", NUMBER, "0", "connections of one client; 0: no limit"),
            setting("gateway.max-connections-per-source", NUMBER, "0", "connections from one IP address; 0: no limit"),
            setting("gateway.history.check", DURATION, "40s", "between two looks at whether kept topics miss anything"),
            setting("gateway.connection.max-age", DURATION, "0", "then clients are sent away to come back; 0: never"),
            setting("gateway.handshake.max-header-bytes", NUMBER, "16384", "the headers of a request together"),
            setting("gateway.handshake.rate.per-second", NUMBER, "0", "handshakes that may begin; 0: no limit"),
            setting("gateway.handshake.rate.burst", NUMBER, "1000", "handshakes that may begin at once after a pause"),
            setting("gateway.proxy-protocol", SWITCH, "false", "whether connections begin with a PROXY header"),
            setting("gateway.max-message-bytes", NUMBER, "65536", "the largest message of a client"),
            setting("gateway.topic.linger", DURATION, "5s", "how long a topic stays subscribed after its last client"),
            setting("gateway.outbox.max-bytes", NUMBER, "1048576", "waiting for one client; more closes it (3008)"),
            setting("gateway.outbox.max-frames", NUMBER, "10000", "the same, counted in messages"),
            setting("gateway.outbox.rules", LIST, "", "topic=disconnect, drop-oldest or latest; prices.* for many"),
            setting("gateway.memory.max-bytes", NUMBER, "268435456", "waiting for all clients together"),
            setting("gateway.inbox.max-bytes", NUMBER, "67108864", "waiting for one event loop; more is dropped"),
            setting("gateway.pong-backlog.max-bytes", NUMBER, "65536", "unread by a client that pings; then it waits"),
            //
            setting("broker.type", TEXT, "redis", "redis, or memory for one process without Redis"),
            setting("broker.redis.uri", TEXT, "redis://127.0.0.1:6379", "one, behind Sentinels or a cluster's nodes"),
            setting("broker.redis.trust", TEXT, "", "PEM file of those who signed its certificate; empty: the JDK's"),
            setting(
                    "broker.redis.durability",
                    TEXT,
                    "memory",
                    "what an accepted message survives: memory, fsync, replicated"),
            setting("broker.redis.replicas", NUMBER, "1", "how many must have a message, if replicated"),
            setting("broker.redis.replication-timeout", DURATION, "1s", "how long these are waited for"),
            setting("broker.redis.key-prefix", TEXT, "whimbrel", "what the names of all channels begin with"),
            setting("broker.redis.timeout", DURATION, "2s", "how long Redis may take to answer"),
            setting("broker.redis.connect-timeout", DURATION, "2s", "how long connecting to Redis may take"),
            setting("broker.redis.request-queue-limit", NUMBER, "100000", "commands that may wait for Redis' answer"),
            //
            setting("history.addresses", TEXT, "100/24h", "kept for each client: number/time, or none"),
            setting("history.topics", LIST, "", "kept of other topics: topic=number/time; news.* for many"),
            //
            setting("trace.share", NUMBER, "0", "which share of all publications is traced, 0 to 1"),
            setting("trace.max-per-second", NUMBER, "50", "publications a web server traces at most; 0: none"),
            //
            setting("redis.port", NUMBER, "6379", "the port of the embedded Redis; 0 takes a free one"),
            setting("redis.conf", TEXT, "", "a redis.conf for the embedded Redis; empty: built-in settings"),
            //
            setting("proxies.trusted", LIST, "", "addresses and networks whose X-Forwarded-For is believed"),
            //
            setting("tls.certificate", TEXT, "", "PEM file, the server's certificate first; empty: no TLS"),
            setting("tls.key", TEXT, "", "PEM file with the private key of that certificate"),
            setting("tls.reload-interval", DURATION, "10s", "how often these files are looked at for a change"),
            //
            setting("otlp.endpoint", TEXT, "", "takes spans, such as http://host:4318/v1/traces; empty: off"),
            secret("otlp.headers", LIST, "name=value, sent with the spans"),
            setting("otlp.sample", SHARE, "0", "share of the messages without a trace that get one, 0 to 1"),
            setting("otlp.max-spans", NUMBER, "8192", "spans under way or waiting to be sent; more are dropped"),
            //
            setting("auth.authenticator", TEXT, "open", "who may have a token: open, basic or bearer"),
            secret("auth.secret", TEXT, "signs tokens, 32 bytes or more; empty: one made and kept in data.folder"),
            secret("auth.previous-secrets", LIST, "still accepted when verifying"),
            setting("auth.algorithm", TEXT, "HS256", "HS256, RS256, ES256 or EdDSA"),
            setting("auth.private-key", TEXT, "", "PEM file that signs with RS256, ES256 and EdDSA"),
            setting("auth.public-key", TEXT, "", "PEM file a gateway in local mode verifies with"),
            setting("auth.jwks-url", TEXT, "", "address of the keys a gateway in local mode verifies with"),
            setting("auth.token.lifetime", DURATION, "24h", "how long a token is valid"),
            setting("auth.topics.max", NUMBER, "100", "topics one token may name beside its address"),
            setting("auth.users-file", TEXT, "", "for basic: name:hash lines, made by whimbrel hash-password"),
            secret("auth.bearer.secret", TEXT, "for bearer: shared secret of the identity provider"),
            setting("auth.bearer.public-key", TEXT, "", "for bearer: PEM file of the identity provider's key"),
            setting("auth.bearer.jwks-url", TEXT, "", "for bearer: address of the identity provider's keys"),
            setting("auth.bearer.issuer", TEXT, "", "for bearer: the issuer its tokens must name; empty: any"),
            setting("auth.bearer.audience", TEXT, "", "for bearer: the audience its tokens must name; empty: any"));

    static final Map<String, Setting> BY_NAME =
            ALL.stream().collect(Collectors.toUnmodifiableMap(Setting::name, Function.identity()));

    private SettingCatalog() {}

    private static Setting setting(String name, Kind kind, String defaultText, String meaning) {
        return new Setting(name, kind, defaultText, false, meaning);
    }

    private static Setting secret(String name, Kind kind, String meaning) {
        return new Setting(name, kind, "", true, meaning);
    }
}
