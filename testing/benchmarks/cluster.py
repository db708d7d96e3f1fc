#!/usr/bin/env python3
"""Measures what a message costs Redis, one Redis beside a Cluster of three, and what pub/sub costs each node of the Cluster.

    testing/benchmarks/cluster.py [pubsub|unicast ...] [--rounds 3]

pubsub: one connection publishes to topics of all nodes alike, once by PUBLISH, which every node of a Cluster passes on, and once by
SPUBLISH at the node of each topic; told is the CPU time of each node per million messages.
unicast: a web server and a gateway from ./whimbrel, `whimbrel bench unicast` at a fixed rate; told are messages per CPU-second of all
nodes of Redis together, of the gateway and of the web server, with default history and without, in turns.

Redis is the program that ./whimbrel has in its jar. Everything runs on loopback and is ended again. See docs/performance.md.
"""
import argparse
import binascii
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

HOME = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SECRET = "only-for-this-measurement-0123456789abcdef"
KEY = "key-only-for-this-measurement"
WEB_PORT, WEB_ADMIN_PORT, GATEWAY_PORT, GATEWAY_ADMIN_PORT = 5900, 5901, 7900, 7940
FIRST_REDIS_PORT = 16390
SLOTS = 16384
DEADLINE_S = 60
TICKS = os.sysconf("SC_CLK_TCK")

MESSAGES, CHANNELS, PIPELINED = 600_000, 3_000, 1_000
PAYLOAD = b"x" * 200

CONNECTIONS, RATE, WARM_UP_S, MEASURED_S = 300, 1_500, 12, 15


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def slot(channel):
    tag = channel[channel.index("{") + 1:channel.index("}")]
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


def command(*words):
    out = b"*%d\r\n" % len(words)
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out += b"$%d\r\n%s\r\n" % (len(word), word)
    return out


class Link:
    """A connection to a Redis, which answers in lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.lines = self.socket.makefile("rb")

    def ask(self, *words):
        self.socket.sendall(command(*words))
        return self.read()

    def read(self):
        line = self.lines.readline().rstrip()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.lines.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest


class Redis:
    """One node, or three that share the slots."""

    def __init__(self, folder, nodes):
        self.ports = [FIRST_REDIS_PORT + i for i in range(nodes)]
        self.processes = []
        program = extract_redis(folder)
        for port in self.ports:
            where = os.path.join(folder, f"redis-{nodes}-{port}")
            os.makedirs(where)
            line = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", where, "--save", ""]
            if nodes > 1:
                line += ["--cluster-enabled", "yes"]
            self.processes.append(subprocess.Popen(line, stdout=subprocess.DEVNULL))
        await_(lambda: all(answers(port) for port in self.ports), "Redis answers")
        if nodes > 1:
            for i, port in enumerate(self.ports):
                link = Link(port)
                link.ask("CLUSTER", "ADDSLOTSRANGE", i * SLOTS // nodes, (i + 1) * SLOTS // nodes - 1)
                link.ask("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
                link.ask("CLUSTER", "MEET", "127.0.0.1", self.ports[0])
            await_(lambda: all(self.knows_all(port) for port in self.ports), "the Cluster is formed")

    def knows_all(self, port):
        info = Link(port).ask("CLUSTER", "INFO").decode()
        return "cluster_state:ok" in info and f"cluster_known_nodes:{len(self.ports)}" in info

    def node_of(self, channel):
        nodes = len(self.ports)
        return next(i for i in range(nodes) if slot(channel) < (i + 1) * SLOTS // nodes)

    def uri(self):
        return "redis://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def cpu(self):
        return [cpu_s(process.pid) for process in self.processes]

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def extract_redis(folder):
    path = os.path.join(folder, "redis-server")
    if not os.path.exists(path):
        machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
        with zipfile.ZipFile(os.path.join(HOME, "server/launcher/target/whimbrel.jar")) as jar:
            name = next(n for n in jar.namelist() if n.startswith("redis-server-") and n.endswith("linux-" + machine))
            with jar.open(name) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
        os.chmod(path, 0o700)
    return path


def answers(port):
    try:
        return Link(port).ask("PING") == b"PONG"
    except (OSError, RuntimeError):
        return False


def await_(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"cluster.py: not within {DEADLINE_S} s: {what}")
        time.sleep(0.05)


def publish(redis, verb, spread):
    """CPU seconds of each node, per million messages. `spread`: each goes to its channel's node, else all to the first."""
    before = redis.cpu()
    links = [Link(port) for port in redis.ports]
    sent = 0
    channels = [f"whimbrel:{{topic-{i}}}" for i in range(CHANNELS)]
    nodes = [redis.node_of(channel) if spread else 0 for channel in channels]
    while sent < MESSAGES:
        batches = [[] for _ in links]
        for i in range(PIPELINED):
            channel = channels[(sent + i) % CHANNELS]
            batches[nodes[(sent + i) % CHANNELS]].append(command(verb, channel, PAYLOAD))
        for link, batch in zip(links, batches):
            link.socket.sendall(b"".join(batch))
        for link, batch in zip(links, batches):
            for _ in batch:
                link.read()
        sent += PIPELINED
    time.sleep(1)  # for what the nodes tell each other
    return [(after - b) * 1e6 / sent for after, b in zip(redis.cpu(), before)]


def measure_pubsub(folder, rounds):
    rows = {}
    for _ in range(rounds):
        for name, nodes, verb, spread in (
                ("one Redis, PUBLISH", 1, "PUBLISH", False),
                ("Cluster of 3, PUBLISH at one node", 3, "PUBLISH", False),
                ("Cluster of 3, SPUBLISH", 3, "SPUBLISH", True)):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                redis = Redis(own, nodes)
                try:
                    rows.setdefault(name, []).append(publish(redis, verb, spread))
                finally:
                    redis.close()
    print(f"\npubsub: CPU-seconds of each node per million messages, {MESSAGES} of {len(PAYLOAD)} bytes, medians of {rounds}")
    for name, runs in rows.items():
        medians = [statistics.median(run[i] for run in runs) for i in range(len(runs[0]))]
        print(f"  {name:36} {'  '.join(f'{m:5.2f}' for m in medians)}   sum {sum(medians):5.2f}")


def part(name, redis, folder, history, port, admin, extra):
    return subprocess.Popen(
        [os.path.join(HOME, "whimbrel"), name, f"--{name}.port={port}", f"--{name}.admin.port={admin}",
         f"--redis={redis.uri()}", f"--data={folder}", f"--auth.secret={SECRET}", f"--history.addresses={history}"] + extra,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def is_ready(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False


def unicast(folder, nodes, history):
    with tempfile.TemporaryDirectory(dir=folder) as own:
        redis = Redis(own, nodes)
        web = part("web", redis, own, history, WEB_PORT, WEB_ADMIN_PORT, [f"--web.api-keys={KEY}"])
        gateway = part("gateway", redis, own, history, GATEWAY_PORT, GATEWAY_ADMIN_PORT, ["--gateway.auth.mode=local"])
        try:
            await_(lambda: is_ready(WEB_ADMIN_PORT) and is_ready(GATEWAY_ADMIN_PORT), "web server and gateway are ready")
            keys = os.path.join(own, "key")
            with open(keys, "w") as file:
                file.write(KEY)
            bench = [os.path.join(HOME, "whimbrel"), "bench", "unicast", f"--web=http://localhost:{WEB_PORT}",
                     f"--gateway=ws://localhost:{GATEWAY_PORT}/ws", f"--connections={CONNECTIONS}", f"--rate={RATE}",
                     f"--api-key-file={keys}"]
            run(bench + ["--warm-up=0s", f"--duration={WARM_UP_S}s"])
            before = [cpu_s(web.pid), cpu_s(gateway.pid)] + redis.cpu()
            sent = run(bench + ["--warm-up=0s", f"--duration={MEASURED_S}s"])
            after = [cpu_s(web.pid), cpu_s(gateway.pid)] + redis.cpu()
            used = [b - a for a, b in zip(before, after)]
            return sent, used[0], used[1], used[2:]
        finally:
            for process in (web, gateway):
                process.send_signal(signal.SIGTERM)
                process.wait()
            redis.close()


def run(line):
    """Answers how many messages were delivered."""
    done = subprocess.run(line + ["--json=-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("cluster.py: " + done.stderr)
    return json.loads(done.stdout)["traffic"]["deliveries"]


def measure_unicast(folder, rounds):
    rows = {}
    for _ in range(rounds):
        for history in ("none", "100/24h"):
            for nodes in (1, 3):
                rows.setdefault((history, nodes), []).append(unicast(folder, nodes, history))
    print(f"\nunicast: messages per CPU-second, {CONNECTIONS} clients, {RATE}/s for {MEASURED_S} s, medians of {rounds}")
    print("  history   nodes  Redis, all nodes   busiest node  gateway     web")
    for (history, nodes), runs in rows.items():
        def median(value):
            return statistics.median(value(*r) for r in runs)
        print(f"  {history:9} {nodes:5}"
              f"  {median(lambda n, w, g, r: n / sum(r)):16,.0f}"
              f"  {median(lambda n, w, g, r: n / max(r)):13,.0f}"
              f"  {median(lambda n, w, g, r: n / g):7,.0f}"
              f"  {median(lambda n, w, g, r: n / w):6,.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="pubsub, unicast; both if nothing is said")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    subprocess.run([os.path.join(HOME, "whimbrel"), "check-config"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        for what, measure in (("pubsub", measure_pubsub), ("unicast", measure_unicast)):
            if what in arguments.what or not arguments.what:
                measure(folder, arguments.rounds)


if __name__ == "__main__":
    main()
