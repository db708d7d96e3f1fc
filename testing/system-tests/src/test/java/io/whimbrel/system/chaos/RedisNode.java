package io.whimbrel.system.chaos;

import io.whimbrel.system.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * One process of Redis' program with a folder, a port and a configuration that outlive it. Redis itself may change the
 * latter, as Sentinel does.
 */
final class RedisNode extends Breakable {
    private final Path program;
    private final Path folder;
    private final int port;
    private final List<String> mode;
    private final Wire wire;

    /** @param settings lines of its configuration */
    RedisNode(String name, Path program, Path root, List<String> settings, String... mode) throws IOException {
        super(name);
        this.program = program;
        port = FreePorts.next();
        this.mode = List.of(mode);
        wire = new Wire(port);
        folder = Files.createDirectories(root.resolve(name.replace(' ', '-')));
        List<String> lines = new ArrayList<>(List.of("port " + port, "bind 127.0.0.1", "dir " + folder));
        lines.addAll(settings);
        Files.write(conf(), lines);
    }

    private Path conf() {
        return folder.resolve("redis.conf");
    }

    /** Further lines of its configuration, before its first start. */
    RedisNode with(String... settings) throws IOException {
        Files.write(conf(), List.of(settings), StandardOpenOption.APPEND);
        return this;
    }

    /** What each accepted write survives: the death of the process, and a loss of power. */
    static final List<String> DURABLE = List.of(
            "save \"\"",
            "appendonly yes",
            "appendfsync always",
            "repl-diskless-sync-delay 0",
            "repl-ping-replica-period 1",
            "maxmemory-policy noeviction");

    int port() {
        return port;
    }

    /** By which others come to it, where they are told so. */
    Wire wire() {
        return wire;
    }

    @Override
    Part launch() throws IOException {
        List<String> command = new ArrayList<>(List.of(program.toString(), conf().toString()));
        command.addAll(mode);
        return Part.run(name(), command);
    }

    String ask(String... words) throws IOException {
        return RedisTalk.ask(port, words);
    }

    /** Empty where it does not answer. */
    String info(String section, String field) {
        try {
            return RedisTalk.info(port, section, field);
        } catch (IOException _) {
            return ""; // it is just dead, or loads its file
        }
    }

    boolean isMaster() {
        return info("replication", "role").equals("master");
    }

    /** Whether it is a replica that has all its master has, but for what is under way. */
    boolean isSyncedReplica() {
        return info("replication", "role").equals("slave")
                && info("replication", "master_link_status").equals("up");
    }

    @Override
    void end(Part last) throws InterruptedException {
        last.kill();
        wire.close();
    }
}
