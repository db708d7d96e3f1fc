package io.whimbrel.broker.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
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
 * such as one whose scripts were flushed, is sent the text. Safe for any thread.
 */
final class Script {
    private final String text;
    private final String digest;

    private Script(String text) {
        this.text = text;
        digest = Base16.digest(text.getBytes(StandardCharsets.UTF_8));
    }

    static Script named(String name) {
        try (InputStream in = Script.class.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IllegalStateException(name + ".lua is missing beside " + Script.class);
            }
            return new Script(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes it known to Redis. */
    CompletionStage<String> load(StatefulRedisConnection<String, byte[]> connection) {
        return connection.async().scriptLoad(text);
    }

    CompletionStage<List<Object>> call(
            StatefulRedisConnection<String, byte[]> connection, String[] keys, byte[]... arguments) {
        var commands = connection.async();
        CompletionStage<List<Object>> answer = commands.evalsha(digest, ScriptOutputType.MULTI, keys, arguments);
        return answer.exceptionallyCompose(failure -> {
            if (isUnknown(failure)) {
                return commands.eval(text, ScriptOutputType.MULTI, keys, arguments);
            }
            return CompletableFuture.failedStage(failure);
        });
    }

    private static boolean isUnknown(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof RedisNoScriptException;
    }
}
