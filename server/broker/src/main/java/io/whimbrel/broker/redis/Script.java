package io.whimbrel.broker.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.codec.Base16;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * A Lua script beside this class, which Redis runs in one step. It is called by its digest; a Redis that does not know it,
 * such as one whose scripts were flushed, is sent the text. None of them says that it writes nothing, not even one that only
 * publishes: so a replica refuses it, where PUBLISH would succeed and reach nobody. Safe for any thread.
 */
final class Script {
    static final Script ANNOUNCE = named("announce");
    static final Script PUBLISH = withEpochs("publish");
    static final Script HISTORY = withEpochs("history");
    static final Script CURSORS = named("cursors");
    static final Script TOPS = named("tops");
    static final Script RECEIPT = named("receipt");
    static final Script RECEIPTS = named("receipts");
    static final Script NOTICE = named("notice");
    static final Script TRACES = named("traces");
    static final Script TERM = named("term");
    static final List<Script> ALL =
            List.of(ANNOUNCE, PUBLISH, HISTORY, CURSORS, TOPS, RECEIPT, RECEIPTS, NOTICE, TRACES);

    /** What PUBLISH is called where channels belong to shards of a cluster. */
    private static final String SHARDED_PUBLISH = "'SPUBLISH'";

    private final Text classic;
    private final Text sharded;

    private record Text(String lua, String digest) {
        Text(String lua) {
            this(lua, Base16.digest(lua.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private Script(String lua) {
        classic = new Text(lua);
        sharded = new Text(lua.replace("'PUBLISH'", SHARDED_PUBLISH));
    }

    private static Script named(String name) {
        return new Script(read(name));
    }

    /** One that begins with what the topics' epochs need. */
    private static Script withEpochs(String name) {
        String lua = read(name);
        int behindFirstLine = lua.indexOf('\n') + 1; // which says #!lua
        return new Script(lua.substring(0, behindFirstLine) + read("epoch") + lua.substring(behindFirstLine));
    }

    private static String read(String name) {
        try (InputStream in = Script.class.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IllegalStateException(name + ".lua is missing beside " + Script.class);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Makes all of them known to Redis. To be done with a new connection before it is used: a script that has to be sent may be
     * overtaken by the next.
     */
    static CompletionStage<Void> loadAll(Connection connection) {
        return CompletableFuture.allOf(ALL.stream()
                .map(script -> connection
                        .commands()
                        .scriptLoad(script.text(connection).lua)
                        .toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    /** For who calls it before all are loaded. */
    String lua() {
        return classic.lua;
    }

    CompletionStage<List<Object>> call(Connection connection, String[] keys, byte[]... arguments) {
        var commands = connection.commands();
        Text text = text(connection);
        CompletionStage<List<Object>> answer = commands.evalsha(text.digest, ScriptOutputType.MULTI, keys, arguments);
        return answer.exceptionallyCompose(failure -> {
            if (isUnknown(failure)) { // who waits for replicas waits already, but not for what is sent only now
                return connection.durably(
                        commands.<List<Object>>eval(text.lua, ScriptOutputType.MULTI, keys, arguments));
            }
            return CompletableFuture.failedStage(failure);
        });
    }

    private Text text(Connection connection) {
        return connection.server().ofCluster() ? sharded : classic;
    }

    private static boolean isUnknown(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof RedisNoScriptException;
    }
}
