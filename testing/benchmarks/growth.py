#!/usr/bin/env python3
"""Measures what one delivery costs a gateway while something grows: subscribers, topics, topics per session, gateways.

    testing/benchmarks/growth.py [subscribers|topics|topics-per-session|gateways ...] [--out docs/performance] [--quick]

Redis and gateways are processes of their own, started from ./whimbrel as an operator would; `whimbrel bench connect` holds the
clients. This script publishes straight to Redis, in the form of ARCHITECTURE.md, so that nothing but the gateway is measured:
its CPU time (/proc) divided by the deliveries that its own metric counts. Two loads: light, where each publication comes alone,
and heavy, where they come forty at once. Figures and plots go to the folder; see docs/performance.md.
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HOME = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SECRET = "only-for-this-measurement-0123456789abcdef"
REDIS_PORT, WEB_PORT, WEB_ADMIN_PORT, GATEWAY_PORT, ADMIN_PORT = 6399, 5900, 5901, 7900, 7940
PAYLOAD = b'"' + b"x" * 126 + b'"'

LIGHT_DELIVERIES_PER_S = 20_000
HEAVY_DELIVERIES_PER_S = 1_000_000
HEAVY_MOST_PUBLICATIONS_PER_S = 20_000
BURST = 40
WARM_UP_S, MEASURED_S = 4.0, 5.0
START_DEADLINE_S, CONNECT_DEADLINE_S = 30, 120


class Axis:
    """One thing that grows; `shape(x)` says how many sessions, topics, topics per session and gateways that makes."""

    def __init__(self, name, label, title, values, shape):
        self.name, self.label, self.title, self.values, self.shape = name, label, title, values, shape


AXES = {
    axis.name: axis
    for axis in (
        Axis("subscribers", "subscribers of one topic", "Cost of a delivery by subscribers of one topic",
             [1000, 2000, 5000, 10000, 18000], lambda x: dict(sessions=x)),
        Axis("topics", "topics, shared out among 10,000 sessions", "Cost of a delivery by number of topics",
             [1, 10, 100, 1000, 10000], lambda x: dict(sessions=10000, topics=x)),
        Axis("topics-per-session", "topics per session (5,000 sessions)", "Cost of a delivery by topics per session",
             [1, 2, 5, 10, 20, 50], lambda x: dict(sessions=5000, topics=50, per_session=x)),
        Axis("gateways", "gateways on one Redis, 10,000 sessions of one topic", "Cost of a delivery by number of gateways",
             [1, 2, 3, 4], lambda x: dict(sessions=10000, gateways=x)),
    )
}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(topics):
    """A token as the web server would issue it, signed with the shared secret."""
    now = int(time.time())
    head = b64(b'{"alg":"HS256","typ":"JWT"}')
    claims = {"iss": "whimbrel", "sub": str(uuid.uuid4()), "iat": now, "exp": now + 3600, "topics": topics}
    signed = head + b"." + b64(json.dumps(claims, separators=(",", ":")).encode())
    return (signed + b"." + b64(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())).decode()


def topics_of(session, topics, per_session):
    """Spreads sessions over topics so that each topic has as many as the others."""
    return [f"growth.{(session * per_session + i) % topics}" for i in range(per_session)]


class Town:
    """The processes; all of them end with it."""

    def __init__(self, gateways, log_folder):
        self.processes, self.gateways, self.logs = [], [], log_folder
        try:
            self.redis = self.start("redis", ["redis-server", "--port", str(REDIS_PORT), "--save", "", "--bind", "127.0.0.1"])
            redis = f"redis://127.0.0.1:{REDIS_PORT}"
            # Only the bench asks it, to whom a token belongs.
            self.start("web", [HOME + "/whimbrel", "web", "--broker.redis.uri", redis, "--web.port", str(WEB_PORT),
                               "--web.admin.port", str(WEB_ADMIN_PORT), "--data.folder", log_folder])
            for i in range(gateways):
                self.gateways.append(self.start(f"gateway-{i}", [
                    HOME + "/whimbrel", "gateway", "--broker.redis.uri", redis,
                    "--gateway.port", str(GATEWAY_PORT + i), "--gateway.admin.port", str(ADMIN_PORT + i),
                    "--gateway.auth.mode", "local", "--data.folder", log_folder]))
            self.wait_ready("web", WEB_ADMIN_PORT)
            for i in range(gateways):
                self.wait_ready(f"gateway-{i}", ADMIN_PORT + i)
        except BaseException:
            self.stop()
            raise

    def start(self, name, command):
        with open(f"{self.logs}/{name}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "WHIMBREL_AUTH_SECRET": SECRET})
        self.processes.append(process)
        return process

    def wait_ready(self, name, admin_port):
        deadline = time.time() + START_DEADLINE_S
        while time.time() < deadline:
            try:
                link = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=2)
                link.request("GET", "/health/ready")
                if link.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"{name} is not ready:\n" + self.end_of_log(name))

    def end_of_log(self, name):
        with open(f"{self.logs}/{name}.log") as log:
            return "".join(log.readlines()[-10:])

    def metric(self, name):
        """Its sum over all gateways."""
        total = 0.0
        for i in range(len(self.gateways)):
            link = http.client.HTTPConnection("127.0.0.1", ADMIN_PORT + i, timeout=10)
            link.request("GET", "/metrics")
            for line in link.getresponse().read().decode().splitlines():
                if line.split("{")[0].split(" ")[0] == name:
                    total += float(line.rsplit(" ", 1)[1])
        return total

    def gateway_cpu_seconds(self):
        total = 0
        for process in self.gateways:
            folder = f"/proc/{process.pid}/task"
            for thread in os.listdir(folder):
                try:
                    with open(f"{folder}/{thread}/schedstat") as stat:
                        total += int(stat.read().split()[0])
                except FileNotFoundError:
                    pass  # ended meanwhile; such threads did next to nothing
        return total / 1e9

    def hold(self, sessions, topics, per_session):
        """Connects all clients and returns when the gateways have them."""
        tokens = f"{self.logs}/tokens"
        with open(tokens, "w") as out:
            for i in range(sessions):
                out.write(token(topics_of(i, topics, per_session)) + "\n")
        urls = ",".join(f"ws://127.0.0.1:{GATEWAY_PORT + i}/ws" for i in range(len(self.gateways)))
        holder = self.start("bench", [
            HOME + "/whimbrel", "bench", "connect", "--web", f"http://127.0.0.1:{WEB_PORT}", "--gateway", urls,
            "--connections", str(sessions), "--tokens", tokens, "--warm-up", "0s", "--duration", "10m"])
        deadline = time.time() + CONNECT_DEADLINE_S
        while self.metric("whimbrel_gateway_sessions") < sessions:
            if time.time() > deadline or holder.poll() is not None:
                raise SystemExit("the clients did not connect:\n" + self.end_of_log("bench"))
            time.sleep(0.2)

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


class RedisPublisher:
    """PUBLISHes in pipelines and throws the answers away."""

    def __init__(self):
        self.link = socket.create_connection(("127.0.0.1", REDIS_PORT))
        threading.Thread(target=self.drain, daemon=True).start()
        self.number = 0

    def drain(self):
        while self.link.recv(1 << 16):
            pass

    def command(self, topic):
        self.number += 1
        channel = f"whimbrel:{{{topic}}}".encode()
        message = f"1 growth-{self.number} {int(time.time() * 1000)} -\n".encode() + PAYLOAD
        return b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(channel), channel, len(message), message)

    def publish(self, seconds, per_second, topics, burst):
        """Publishes to the topics in turn, always `burst` of one topic at once."""
        begin, sent, turn = time.time(), 0, 0
        while (passed := time.time() - begin) < seconds:
            due = int(passed * per_second / burst + 1) * burst
            commands = []
            while sent < due:
                topic = f"growth.{turn % topics}"
                commands += [self.command(topic) for _ in range(burst)]
                turn, sent = turn + 1, sent + burst
            if commands:
                self.link.sendall(b"".join(commands))
            time.sleep(max(0.001, min(0.05, begin + sent / per_second - time.time())))


def measure(town, publisher, seconds, per_second, topics, burst):
    deliveries, cpu = town.metric("whimbrel_gateway_deliveries_total"), town.gateway_cpu_seconds()
    publisher.publish(seconds, per_second, topics, burst)
    time.sleep(0.3)
    cpu = town.gateway_cpu_seconds() - cpu
    deliveries = town.metric("whimbrel_gateway_deliveries_total") - deliveries
    return deliveries, cpu


def point(axis, x, quick):
    shape = {"topics": 1, "per_session": 1, "gateways": 1, **axis.shape(x)}
    if quick:
        shape["sessions"] = max(shape["sessions"] // 50, shape["topics"] // shape["per_session"])
    fanout = shape["sessions"] * shape["per_session"] / shape["topics"]
    loads = {"light": (LIGHT_DELIVERIES_PER_S / fanout, 1),
             "heavy": (min(HEAVY_DELIVERIES_PER_S / fanout, HEAVY_MOST_PUBLICATIONS_PER_S), BURST)}
    with tempfile.TemporaryDirectory(prefix="whimbrel-growth-") as folder:
        town = Town(shape["gateways"], folder)
        try:
            town.hold(shape["sessions"], shape["topics"], shape["per_session"])
            publisher, result = RedisPublisher(), {"x": x, **shape, "subscribersPerTopic": fanout}
            for name, (per_second, burst) in loads.items():
                measure(town, publisher, 0.5 if quick else WARM_UP_S, per_second, shape["topics"], burst)
                deliveries, cpu = measure(town, publisher, 0.5 if quick else MEASURED_S, per_second, shape["topics"], burst)
                if deliveries < fanout:
                    raise SystemExit(f"{axis.name} {x}, {name}: only {deliveries:.0f} deliveries")
                result[name] = {"deliveries": deliveries, "cpuSeconds": round(cpu, 4),
                                "cpuMicrosPerDelivery": round(cpu * 1e6 / deliveries, 4)}
                print(f"{axis.name:20} {x:6} {name:5} {deliveries:10.0f} deliveries  {cpu * 1e6 / deliveries:8.3f} µs", flush=True)
            if town.metric("whimbrel_gateway_sessions") < shape["sessions"]:
                raise SystemExit("clients were lost meanwhile")
            return result
        finally:
            town.stop()


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 76, 150, 44, 56
STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#222}
.title{font-weight:600;font-size:15px}
.back{fill:#fff}
.grid{stroke:#ddd}
.light{stroke:#c2410c;fill:#c2410c}
.heavy{stroke:#1d4ed8;fill:#1d4ed8}
polyline{fill:none!important;stroke-width:2}
text.light,text.heavy{stroke:none}
@media(prefers-color-scheme:dark){
text{fill:#ddd}
.back{fill:#161616}
.grid{stroke:#444}
.light{stroke:#fb923c;fill:#fb923c}
.heavy{stroke:#7aa2ff;fill:#7aa2ff}
}
</style>"""


def svg(axis, points):
    """Both axes logarithmic, since the two loads are far apart; every point says its value."""
    xs = [p["x"] for p in points]
    values = [p[load]["cpuMicrosPerDelivery"] for p in points for load in ("light", "heavy")]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    x_low, x_high = math.log10(min(xs)), math.log10(max(xs))

    def x_of(value):
        return LEFT + (math.log10(value) - x_low) / max(x_high - x_low, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y_of(value):
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{axis.title}">', STYLE,
           f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>', f'<text class="title" x="{LEFT}" y="24">{axis.title}</text>']
    for power in range(low, high + 1):
        y = y_of(10 ** power)
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10 ** power:g}</text>')
    for x in xs:
        out.append(f'<path class="grid" d="M{x_of(x):.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
                   f'<text x="{x_of(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{axis.label}</text>')
    out.append(f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
               "gateway CPU, µs per delivery</text>")
    for load, words in (("light", "one at a time"), ("heavy", f"{BURST} at once")):
        places = [(x_of(p["x"]), y_of(p[load]["cpuMicrosPerDelivery"]), p[load]["cpuMicrosPerDelivery"]) for p in points]
        out.append(f'<polyline class="{load}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)}"/>')
        for x, y, value in places:
            out.append(f'<circle class="{load}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
                       f'<text class="{load}" x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{value:.3g}</text>')
        x, y, _ = places[-1]
        out.append(f'<text class="{load}" x="{x + 26:.1f}" y="{y + 4:.1f}">{words}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("axes", nargs="*", metavar="axis", help=", ".join(AXES))
    parser.add_argument("--out", default=HOME + "/docs/performance", help="folder for figures and plots")
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the sessions for a moment: whether it runs")
    parser.add_argument("--draw", action="store_true", help="measure nothing, draw the figures that are there")
    options = parser.parse_args()
    for name in options.axes:
        if name not in AXES:
            parser.error(f"there is no axis {name}")
    if not options.draw and not shutil.which("redis-server"):
        raise SystemExit("growth: redis-server is missing; on Debian: apt-get install redis-server")
    if not options.draw:  # builds what has to be built, which no gateway would have the time for
        subprocess.run([HOME + "/whimbrel", "check-config"], stdout=subprocess.DEVNULL, check=True)
    os.makedirs(options.out, exist_ok=True)
    for name in options.axes or AXES:
        axis, file = AXES[name], f"{options.out}/growth-{name}.json"
        if options.draw:
            with open(file) as read:
                points = json.load(read)["points"]
        else:
            points = [point(axis, x, options.quick) for x in axis.values]
            with open(file, "w") as write:
                json.dump({"axis": axis.label, "date": time.strftime("%Y-%m-%d"), "points": points}, write, indent=1)
                write.write("\n")
        with open(f"{options.out}/growth-{name}.svg", "w") as write:
            write.write(svg(axis, points))


if __name__ == "__main__":
    sys.exit(main())
