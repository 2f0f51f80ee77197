#!/usr/bin/env python3
"""Polls `outliers(m)` of many one-minute series once a minute, beside their ingest.

Starts almanac (from PATH) with an empty directory, writes `--days` of `--series` series, and asks for their
outliers: once with nothing known of them, then once for each of `--polls` minutes, each time after
the points of that minute were written. Then the server is stopped, started again and polled once more.
Prints the CPU seconds of the server for each, what it did for it, and its memory. The minutes are those
of the data, not of the clock.

    PATH=$PWD/.build/release:$PATH Benchmarks/OutlierPolls/outlier_polls.py [--series 10000] [--days 28]
"""
import argparse
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse

EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY = 1440
TABLE = 1 << 16
COUNTERS = [
    "almanac_outlier_polls_total", "almanac_outlier_checks_total", "almanac_outlier_refits_total",
    "almanac_outlier_rebuilds_total", "almanac_outlier_states_loaded_total"]


class Load:
    """Series with a daily and a weekly rhythm, autoregressive noise, and now and then a spike."""

    def __init__(self, series):
        chance = random.Random(1)
        noise, now = [], 0.0
        for _ in range(TABLE):
            now = 0.8 * now + chance.gauss(0, 1)
            noise.append(now + (30 if chance.random() < 2e-5 else 0))
        day = [max(0, 1 - abs(i - 840) / 600) for i in range(DAY)]
        # What a series has at a minute is a place in one of 64 long signals.
        self.texts = []
        for kind in range(64):
            height, level = chance.uniform(5, 40), chance.uniform(10, 50)
            self.texts.append([
                f"{level + height * day[i % DAY] * (0.6 if i // DAY % 7 > 4 else 1) + noise[i]:.2f}"
                for i in range(7 * DAY)])
        self.prefixes = [f"m,host=h{i:05d} value=" for i in range(series)]
        self.kinds = [chance.randrange(64) for _ in range(series)]
        self.shifts = [chance.randrange(7) * DAY + chance.randrange(600) for _ in range(series)]
        self.noise = [chance.randrange(100) for _ in range(251 * 64)]

    def body(self, minute, start, count):
        """Lines of one minute of some series."""
        stamp = f" {EPOCH + minute * 60}\n"
        week = 7 * DAY
        # Weeks differ by their last digits.
        turn = minute // week * 7 + minute % 251
        noise, texts = self.noise, self.texts
        return "".join([
            f"{prefix}{texts[kind][(minute + shift) % week]}{noise[(turn + shift) % 16064]}{stamp}"
            for prefix, kind, shift in zip(
                self.prefixes[start:start + count], self.kinds[start:start + count],
                self.shifts[start:start + count])]).encode()


class Server:
    def __init__(self, data, arguments):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            ["almanac", "serve", "--data", data, "--listen", f"127.0.0.1:{self.port}",
             "--log-level", "warning", "--query-timeout", "0"] + arguments)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for _ in range(600):
            try:
                self.get("/health")
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)
        raise SystemExit("the server does not answer")

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{path}: {answer.status} {body[:500]!r}")
        return body

    def write(self, body):
        self.connection.request("POST", "/write?precision=s", body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 204:
            raise SystemExit(f"write: {answer.status} {text[:500]!r}")

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Anonymous memory, bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024

    def counters(self):
        found = {}
        for line in self.get("/metrics").decode().splitlines():
            name, _, value = line.partition(" ")
            if name in COUNTERS:
                found[name] = float(value)
        return [found.get(name, 0) for name in COUNTERS]

    def poll(self, query, minute):
        """CPU seconds, seconds, rows, and what was counted."""
        before, counted, began = self.cpu(), self.counters(), time.time()
        path = urllib.parse.urlencode(
            {"query": query, "time": EPOCH + minute * 60, "format": "csv"})
        rows = len(self.get("/api/v1/table?" + path).splitlines()) - 1
        took = time.time() - began
        counted = [int(new - old) for new, old in zip(self.counters(), counted)]
        return self.cpu() - before, took, rows, counted

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--polls", type=int, default=15)
    parser.add_argument("--query", default="outliers(m)")
    parser.add_argument("--data", help="a directory that is kept; loaded where it is missing")
    parser.add_argument("--late", action="store_true", help="write late points in the end")
    arguments, others = parser.parse_known_args()
    load = Load(arguments.series)
    data = arguments.data or tempfile.mkdtemp(prefix="outlier-polls-")
    marker = pathlib.Path(data) / "loaded-until"
    server = None
    try:
        last = arguments.days * DAY - 1
        loaded = int(marker.read_text()) if marker.exists() else -1
        if loaded < 0:
            began = time.time()
            server = Server(data, others)
            for first in range(0, last + 1, 10):
                for start in range(0, arguments.series, 1000):
                    server.write(b"".join(
                        load.body(minute, start, 1000)
                        for minute in range(first, min(first + 10, last + 1))))
            server.stop()
            print(f"loaded {arguments.series * (last + 1):,} points in {time.time() - began:.0f} s")
            marker.write_text(str(last))
        last = max(loaded, last)
        server = Server(data, others)
        memory = server.memory()

        def tell(name, figures):
            cpu, took, rows, counted = figures
            print(f"{name:12} {cpu:8.2f} s CPU {took:8.2f} s {rows:6} rows   "
                  + "  ".join(f"{name.split('_', 2)[2]} {count}"
                              for name, count in zip(COUNTERS, counted)), flush=True)

        tell("first poll", server.poll(arguments.query, last))
        print(f"memory {(server.memory() - memory) / arguments.series:,.0f} bytes a series more")
        polls = []
        for _ in range(arguments.polls):
            last += 1
            for start in range(0, arguments.series, 1000):
                server.write(load.body(last, start, 1000))
            marker.write_text(str(last))
            time.sleep(0.5)
            polls.append(server.poll(arguments.query, last))
            tell("poll", polls[-1])
        print(f"median {statistics.median(p[0] for p in polls):.2f} s CPU, "
              f"largest {max(p[0] for p in polls):.2f}")
        if arguments.late:
            server.write(load.body(last - 3 * DAY, 0, 1).replace(b"h00000 value=", b"h00000 value=9"))
            tell("late point", server.poll(arguments.query, last))
        time.sleep(5)
        print(f"memory {(server.memory() - memory) / arguments.series:,.0f} bytes a series more")
        server.stop()
        server = Server(data, others)
        tell("restarted", server.poll(arguments.query, last))
        tell("again", server.poll(arguments.query, last))
    finally:
        if server:
            server.process.kill()
        if not arguments.data:
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
