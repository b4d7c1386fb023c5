"""What the integration tests share: starting and stopping the real programs, on loopback, by process id."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLIMBID_BUILD", ROOT / "build" / "release"))
BIN = BUILD / "bin"
SHARED = ROOT.parent / "shared"
SANITIZED = "asan" in BUILD.name

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared (recorded traffic and outside cases) is not here")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            return
        except OSError:
            time.sleep(0.01)
    raise AssertionError(f"nobody listens on {port}")


class Program:
    """A running program; its standard error goes to a file that tests may read."""

    def __init__(self, log_path, *args):
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen([str(a) for a in args], stderr=log, stdout=subprocess.DEVNULL)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, seconds=10):
        """SIGTERM, and the exit status; a program that does not end in time is killed and fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("did not stop in time:\n" + self.log()[-2000:])


class Partner(Program):
    def __init__(self, tmp_path, *faces):
        self.port = free_port()
        args = [BIN / "slimbid-partner", "--listen", f"127.0.0.1:{self.port}", "--seed", "7"]
        for face in faces:
            args += ["--face", face]
        super().__init__(tmp_path / f"partner-{self.port}.log", *args)
        wait_for_port(self.port, self.process)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def notices(self):
        """The notices that came (of faces with notices=1): a list of what each said."""
        with urllib.request.urlopen(self.url("notices"), timeout=10) as answer:
            targets = json.load(answer)["last"]
        return [dict(urllib.parse.parse_qsl(t.partition("?")[2], keep_blank_values=True)) for t in targets]


class Slimbid(Program):
    prefix = ()  # of the command, say to run it under a limit
    idle_kinds = ("kept", "connections")  # what may be charged while nothing happens: clients may stay connected

    def __init__(self, tmp_path, config, more_addresses=()):
        self.port, self.admin_port = free_port(), free_port()
        if callable(config):
            config = config(self)
        # A machine that is busy with other things must not make a test fail: who tests admission turns it on.
        config = {"admission": {"enabled": False}, "listen": [f"127.0.0.1:{self.port}", *more_addresses], "admin_listen": [f"127.0.0.1:{self.admin_port}"], **config}
        path = tmp_path / f"slimbid-{self.port}.json"
        path.write_text(json.dumps(config))
        super().__init__(tmp_path / f"slimbid-{self.port}.log", *self.prefix, BIN / "slimbid", "--config", path)
        wait_for_port(self.port, self.process)
        wait_for_port(self.admin_port, self.process)

    def request(self, method, path, body=None, headers=None, port=None):
        conn = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            conn.request(method, path, body, headers or {})
            response = conn.getresponse()
            return response, response.read()
        finally:
            conn.close()

    def auction(self, request, headers=None):
        """(status, answer or None, seconds)"""
        body = request if isinstance(request, (bytes, str)) else json.dumps(request)
        t0 = time.monotonic()
        response, data = self.request("POST", "/openrtb2/auction", body, headers)
        return response.status, json.loads(data) if data else None, time.monotonic() - t0

    def raw(self, data, seconds=5):
        """Sends bytes, returns all that comes back until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as s:
            s.sendall(data)
            s.settimeout(seconds)
            out = b""
            try:
                while chunk := s.recv(65536):
                    out += chunk
            except socket.timeout:
                pass
            return out

    def status(self):
        return json.loads(self.request("GET", "/status", port=self.admin_port)[1])

    def metrics(self):
        """Every sample of /metrics: name{labels} -> value."""
        text = self.request("GET", "/metrics", port=self.admin_port)[1].decode()
        return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))}

    def front_end_pid(self):
        return self.status()["front_ends"][0]["pid"]

    def resident(self):
        text = pathlib.Path(f"/proc/{self.front_end_pid()}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGESIZE")

    def wait_idle(self, seconds=10):
        """Until no auction runs and nothing is charged but what is kept; the invariant of every test."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = self.metrics()
            busy = sum(v for k, v in m.items() if k.startswith("slimbid_auctions_running"))
            charged = {k: v for k, v in m.items() if k.startswith("slimbid_budget_kind_bytes") and v
                       and not any(f'"{kind}"' in k for kind in self.idle_kinds)}
            if busy == 0 and m["slimbid_arena_bytes"] == 0 and not charged:
                return m
            time.sleep(0.05)
        raise AssertionError(f"not idle: {busy} auctions, {m['slimbid_arena_bytes']} bytes of request memory, {charged}")


@pytest.fixture
def start(tmp_path):
    """start(Partner, ...) and start(Slimbid, config); everything is stopped at the end and must end well."""
    running = []

    def starter(kind, *args):
        program = kind(tmp_path, *args)
        running.append(program)
        return program

    starter.tmp_path = tmp_path
    yield starter
    statuses = [(p, p.stop()) for p in reversed(running)]
    for program, status in statuses:
        assert status == 0, f"{program.process.args[0]} ended with {status}:\n{program.log()[-4000:]}"
        assert "Sanitizer" not in program.log(), program.log()[-4000:]


def banner_request(**more):
    return {"id": "r-1", "at": 1, "tmax": 400, "site": {"id": "s", "page": "https://news.example/a"},
            "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}], **more}
