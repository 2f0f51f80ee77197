#!/usr/bin/env python3
"""Times `sum by (service) (rate(requests[5m]))` over 10,000 counters, 6 h at 15 s, beside peers.

Starts each of almanac, victoria-metrics and prometheus that is in PATH with an empty directory,
writes the same samples to all (line protocol, to Prometheus remote write), and asks them in turn: over
the whole range with a step of a minute, and at its end; then once more after they were told to
compact. Prints the median and the 95th percentile of the rounds, and how far the answers lie from those
of Prometheus.

    PATH=.build/release:$PATH Benchmarks/RateBySum/rate_by_sum.py [--rounds 20] [--series 10000]
"""
import argparse
import http.client
import itertools
import json
import math
import pathlib
import random
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.parse

EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z
STEP = 15
TICKS_PER_BODY = 40  # ten minutes: Prometheus refuses what comes an hour late
SERIES_PER_BODY = 250
SERVICES = 50
GROWTH = 4096


class Load:
    """Counters that grow by whole numbers and now and then start anew."""

    def __init__(self, series, hours):
        self.series, self.ticks = series, hours * 3600 // STEP
        self.labels = [
            {"instance": f"host-{i // 10:04d}", "path": f"/api/v1/p{i % 10}",
             "service": f"service-{i // 10 % SERVICES:02d}"} for i in range(series)]
        chance = random.Random(1)
        self.growth = [chance.randrange(400) for _ in range(GROWTH)] * 2
        self.value = [chance.randrange(1_000_000) for _ in range(series)]
        self.reset = [chance.randrange(4 * self.ticks) for _ in range(series)]

    @property
    def end(self):
        return EPOCH + (self.ticks - 1) * STEP

    def bodies(self):
        """(first tick, ticks, first series, values of each series), in order of time."""
        for first in range(0, self.ticks, TICKS_PER_BODY):
            count = min(TICKS_PER_BODY, self.ticks - first)
            for start in range(0, self.series, SERIES_PER_BODY):
                rows = []
                for one in range(start, min(start + SERIES_PER_BODY, self.series)):
                    at = (first + one * 37) % GROWTH
                    row = list(itertools.accumulate(
                        self.growth[at:at + count], initial=self.value[one]))[1:]
                    anew = self.reset[one] - first
                    if 0 <= anew < count:
                        row[anew:] = [value - row[anew] for value in row[anew:]]
                    self.value[one] = row[-1]
                    rows.append(row)
                yield first, count, start, rows


def lines(load, first, count, start, rows):
    """The body as line protocol with times in ms."""
    stamps = [f" {(EPOCH + (first + tick) * STEP) * 1000}\n" for tick in range(count)]
    out = []
    for one, row in enumerate(rows, start):
        tags = "".join(f",{name}={value}" for name, value in load.labels[one].items())
        prefix = f"requests{tags} value="
        out += [f"{prefix}{value}{stamp}" for value, stamp in zip(row, stamps)]
    return "".join(out).encode()


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag, payload):
    return bytes([tag]) + varint(len(payload)) + payload


def remote_write(load, first, count, start, rows):
    """The body as a WriteRequest in snappy's block format, whose literals are not compressed."""
    stamps = [b"\x10" + varint((EPOCH + (first + tick) * STEP) * 1000) for tick in range(count)]
    samples = struct.Struct("<" + "3sd7s" * count)
    opening = b"\x12\x10\x09"
    out = []
    for one, row in enumerate(rows, start):
        labels = [("__name__", "requests")] + sorted(load.labels[one].items())
        message = b"".join(
            field(0x0A, field(0x0A, name.encode()) + field(0x12, value.encode()))
            for name, value in labels)
        columns = zip(itertools.repeat(opening), map(float, row), stamps)
        message += samples.pack(*itertools.chain.from_iterable(columns))
        out.append(field(0x0A, message))
    body = b"".join(out)
    parts = [varint(len(body))]
    for at in range(0, len(body), 65536):
        part = body[at:at + 65536]
        parts += [b"\xf4", struct.pack("<H", len(part) - 1), part]
    return b"".join(parts)


class Server:
    """One server under measure."""

    def __init__(self, name, metric, command, write, ready, settle=(), extra=None, config=None):
        self.name, self.metric, self.command = name, metric, command
        self.write_path, self.ready, self.settle_paths = write, ready, settle
        self.extra, self.config = extra or {}, config

    def start(self, directory):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder = pathlib.Path(directory) / self.name
        folder.mkdir()
        if self.config:
            (folder / "config.yml").write_text(self.config)
        command = [part.format(dir=folder, port=self.port) for part in self.command]
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
                if self.request("GET", self.ready)[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not start, see {folder}/log")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        reply = self.connection.getresponse()
        return reply.status, reply.read()

    def write(self, body):
        headers = {}
        if self.write_path == "/api/v1/write":
            headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
                       "X-Prometheus-Remote-Write-Version": "0.1.0"}
        status, text = self.request("POST", self.write_path, body, headers)
        if status >= 300:
            raise SystemExit(f"{self.name} refused a write: {status} {text[:200]}")

    def settle(self):
        for method, path in self.settle_paths:
            self.request(method, path)

    def ask(self, path, query, **parameters):
        """Seconds until the whole answer was here, and the answer."""
        query = query.replace("requests", self.metric)
        text = urllib.parse.urlencode({"query": query, **parameters, **self.extra})
        began = time.perf_counter()
        status, body = self.request("GET", f"{path}?{text}")
        seconds = time.perf_counter() - began
        if status != 200:
            raise SystemExit(f"{self.name} refused {query}: {status} {body[:200]}")
        return seconds, body


SERVERS = [
    Server("almanac", "requests",
           ["almanac", "serve", "--data", "{dir}/data", "--listen", "127.0.0.1:{port}"],
           "/write?precision=ms", "/health", [("POST", "/api/v1/admin/tsdb/compact")]),
    Server("victoria-metrics", "requests_value",
           ["victoria-metrics", "-storageDataPath={dir}/data", "-retentionPeriod=100y",
            "-httpListenAddr=127.0.0.1:{port}"],
           "/write?precision=ms", "/health",
           [("GET", "/internal/force_flush"), ("GET", "/internal/force_merge")],
           extra={"nocache": 1}),
    Server("prometheus", "requests",
           ["prometheus", "--config.file={dir}/config.yml", "--storage.tsdb.path={dir}/data",
            "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver"],
           "/api/v1/write", "/-/ready", config="global:\n  scrape_interval: 1h\n"),
]


def values(body):
    """Every value of an answer under its labels and time."""
    found = {}
    for one in json.loads(body)["data"]["result"]:
        labels = tuple(sorted((k, v) for k, v in one["metric"].items() if k != "__name__"))
        for at, value in one.get("values") or [one["value"]]:
            found[labels, at] = float(value)
    return found


def difference(mine, reference):
    """The greatest relative difference, or what is missing."""
    if mine.keys() != reference.keys():
        return f"{len(mine.keys() ^ reference.keys())} values on one side only"
    return f"{max(abs(mine[k] - v) / max(abs(v), 1e-300) for k, v in reference.items()):.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=6)
    parser.add_argument("--directory", help="where to make the servers' directories")
    parser.add_argument("--only", nargs="*", help="names of servers to ask")
    parser.add_argument("--hold", action="store_true", help="leave the servers until enter is hit")
    options = parser.parse_args()
    servers = []
    for server in SERVERS:
        if options.only and server.name not in options.only:
            continue
        if shutil.which(server.command[0]):
            servers.append(server)
        else:
            print(f"{server.name} is not in PATH and is left out")
    load = Load(options.series, options.hours)
    with tempfile.TemporaryDirectory(dir=options.directory, prefix="rate-by-sum-") as directory:
        try:
            for server in servers:
                server.start(directory)
                print(f"{server.name}: process {server.process.pid}, port {server.port}")
            for part in load.bodies():
                text = lines(load, *part)
                for server in servers:
                    is_remote = server.write_path == "/api/v1/write"
                    server.write(remote_write(load, *part) if is_remote else text)
            time.sleep(5)
            measure(servers, load, options, "as written", 0)
            for server in servers:
                server.settle()
            time.sleep(5)
            measure(servers, load, options, "compacted", 1)
            if options.hold:
                input("enter ends: ")
        finally:
            for server in servers:
                if hasattr(server, "process"):
                    server.stop()


def measure(servers, load, options, state, shift):
    text = "sum by (service) (rate(requests[5m]))"
    # Off the grid of samples: whether windows are closed on the left then makes no difference. Each
    # round asks about 15 s later, so that nobody has the answer already.
    warmups = 3
    rounds = warmups + options.rounds
    first, last = EPOCH + 308 + shift, load.end - 7 - STEP * rounds + shift
    for name, path, times in [
            ("range", "/api/v1/query_range", {"start": first, "end": last}),
            ("instant", "/api/v1/query", {"time": last})]:
        taken = {server.name: [] for server in servers}
        answers = {}
        for number in range(rounds):
            moved = {key: at + STEP * number for key, at in times.items()}
            if name == "range":
                moved["step"] = 60
            for server in servers:
                seconds, answers[server.name] = server.ask(path, text, **moved)
                if number >= warmups:
                    taken[server.name].append(seconds * 1000)
        print(f"{name}, {state}: {text}, {options.series} series, {options.hours} h")
        reference = values(answers.get("prometheus") or answers[servers[0].name])
        for server in servers:
            ms = sorted(taken[server.name])
            high = ms[math.ceil(0.95 * len(ms)) - 1]
            far = difference(values(answers[server.name]), reference)
            print(f"  {server.name:17} median {statistics.median(ms):8.1f} ms  "
                  f"p95 {high:8.1f} ms  differs by {far}")


if __name__ == "__main__":
    main()
