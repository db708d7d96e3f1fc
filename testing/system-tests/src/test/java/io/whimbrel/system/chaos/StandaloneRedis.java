package io.whimbrel.system.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One Redis, which writes each change to its file before it answers. */
final class StandaloneRedis implements RedisDeployment {
    private final RedisNode node;

    StandaloneRedis(Path program, Path folder) throws IOException {
        node = new RedisNode("redis 0", program, folder, RedisNode.DURABLE);
    }

    @Override
    public void start() throws IOException {
        node.start();
        awaitOrder();
    }

    @Override
    public String uri() {
        return "redis://127.0.0.1:" + node.port();
    }

    int port() {
        return node.port();
    }

    @Override
    public List<RedisNode> nodes() {
        return List.of(node);
    }

    @Override
    public List<RedisNode> sentinels() {
        return List.of();
    }

    @Override
    public List<List<RedisNode>> copies() {
        return List.of();
    }

    /** Each part has a wire of its own to it instead. */
    @Override
    public List<RedisNode> wired() {
        return List.of();
    }

    @Override
    public boolean isInOrder() {
        return node.info("persistence", "loading").equals("0");
    }
}
