#!/usr/bin/env python3
"""Measures how long a gateway of 100,000 topics needs when Redis has cut its subscriptions.

    testing/benchmarks/reconnect.py [--rounds 3]

A web server and a gateway from ./whimbrel and a Redis of its own, all on loopback; 400 clients, whose tokens name 250 topics each.
Each round kills the connections that subscribe (CLIENT KILL TYPE pubsub), at once publishes to 20 topics, and tells after how long the
gateway is ready again, and after how long the last of the 20 messages is there: nobody was subscribed when it was published, so it
comes only when the topic was looked at. First with topics that are kept, then with such that are not, where it is lost.
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

from cluster import (GATEWAY_ADMIN_PORT, GATEWAY_PORT, HOME, KEY, Link, Redis, SECRET, WEB_ADMIN_PORT, WEB_PORT, await_, is_ready,
                     part)

CLIENTS, TOPICS_EACH, PUBLISHED = 400, 250, 20
DEADLINE_S = 60


def token(topics):
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    claims = {"iss": "whimbrel", "sub": str(uuid.uuid4()), "exp": int(time.time()) + 3600, "topics": topics}
    signed = text(b'{"alg":"HS256","typ":"JWT"}') + "." + text(json.dumps(claims).encode())
    return signed + "." + text(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest())


def connect(topics):
    client = socket.create_connection(("127.0.0.1", GATEWAY_PORT))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall((f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token(topics)}\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096)
    if not head.startswith(b"HTTP/1.1 101"):
        sys.exit("reconnect.py: " + head.decode(errors="replace"))
    return client


def topics_held():
    connection = http.client.HTTPConnection("127.0.0.1", GATEWAY_ADMIN_PORT, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("whimbrel_gateway_topics "))


def publish(topic):
    connection = http.client.HTTPConnection("127.0.0.1", WEB_PORT, timeout=10)
    body = json.dumps({"topic": topic, "message": "after the cut"})
    connection.request("POST", "/publish", body, {"Content-Type": "application/json", "X-API-Key": KEY})
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"reconnect.py: {answer.status} {answer.read().decode()}")


def round_(redis, clients, kept):
    waiting = set()
    admin = Link(redis.ports[0])
    began = time.monotonic()
    admin.ask("CLIENT", "KILL", "TYPE", "pubsub")
    for i in range(PUBLISHED):
        client = i * CLIENTS // PUBLISHED
        publish(f"t.{client * TOPICS_EACH + i:06}")
        waiting.add(clients[client])
    left = ready = last = None
    while (ready is None or (kept and waiting)) and time.monotonic() - began < DEADLINE_S:
        for client in select.select(waiting, [], [], 0.005)[0]:
            came = client.recv(65536)
            if not came:
                sys.exit("reconnect.py: the gateway has closed a connection")
            if b"after the cut" in came:
                waiting.discard(client)
                last = time.monotonic() - began
        if ready is None:
            is_up = is_ready(GATEWAY_ADMIN_PORT)
            left = left or not is_up
            ready = time.monotonic() - began if left and is_up else None
    if ready is None or (kept and waiting):
        sys.exit(f"reconnect.py: not within {DEADLINE_S} s; {len(waiting)} messages are missing")
    return ready, last


def measure(folder, kept, rounds):
    with tempfile.TemporaryDirectory(dir=folder) as own:
        redis = Redis(own, 1)
        rule = ["--history.topics=t.*=10/1h" if kept else "--history.topics=", f"--auth.topics.max={TOPICS_EACH}"]
        web = part("web", redis, own, "none", WEB_PORT, WEB_ADMIN_PORT, [f"--web.api-keys={KEY}"] + rule)
        gateway = part("gateway", redis, own, "none", GATEWAY_PORT, GATEWAY_ADMIN_PORT, ["--gateway.auth.mode=local", "--gateway.ping.interval=1h"] + rule)  # clients here do not answer
        try:
            await_(lambda: is_ready(WEB_ADMIN_PORT) and is_ready(GATEWAY_ADMIN_PORT), "web server and gateway are ready")
            clients = []
            for i in range(CLIENTS):
                clients.append(connect([f"t.{n:06}" for n in range(i * TOPICS_EACH, (i + 1) * TOPICS_EACH)]))
            await_(lambda: topics_held() >= CLIENTS * TOPICS_EACH, "the gateway holds all topics")
            found = []
            for _ in range(rounds):
                found.append(round_(redis, clients, kept))
                time.sleep(3)
            name = "kept" if kept else "not kept"
            print(f"  {topics_held():,.0f} topics, {name}: ready after {statistics.median(r for r, _ in found):.2f} s"
                  f" (at most {max(r for r, _ in found):.2f})"
                  + (f", the last message there after {statistics.median(l for _, l in found):.2f} s"
                     f" (at most {max(l for _, l in found):.2f})" if kept else "") + f"; {rounds} rounds")
        finally:
            for process in (web, gateway):
                process.send_signal(signal.SIGTERM)
                process.wait()
            redis.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    subprocess.run([os.path.join(HOME, "whimbrel"), "check-config"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        for kept in (True, False):
            measure(folder, kept, arguments.rounds)


if __name__ == "__main__":
    main()
