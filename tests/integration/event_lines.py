"""The event log's files as a reader sees them, and clients that make lines and remember what they were told."""
import http.client
import itertools
import json
import pathlib
import threading
import time

from conftest import banner_request


def files(directory):
    """All of them, the oldest first; names sort by age."""
    return sorted(pathlib.Path(directory).glob("events-*.ndjson*"), key=lambda p: p.name.removesuffix(".open"))


def read(directory):
    """Every line of all files, in order; each must be whole."""
    lines = []
    for path in files(directory):
        text = path.read_bytes()
        assert text == b"" or text.endswith(b"\n"), f"{path} ends within a line"
        lines += [json.loads(line) for line in text.splitlines()]
    return lines


def check_numbers(lines):
    """Each number of each front end is told exactly once, in order, by a line or by a gap's; returns how many are
    in gaps."""
    next_seq, in_gaps = {}, 0
    for line in lines:
        expected = next_seq.get(line["front_end"], 1)
        assert line["seq"] == expected, f"{line} where {expected} is next"
        last = line["to"] if line["kind"] == "gap" else line["seq"]
        in_gaps += line["lines"] if line["kind"] == "gap" else 0
        next_seq[line["front_end"]] = last + 1
    return in_gaps


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


prefixes = itertools.count()


class Clients:
    """Threads that send auctions one after the other until stop(); answered: the ids of those that were answered,
    asked: of all."""

    def __init__(self, port, threads=4, pause=0.0, prefix=None):
        self.answered, self.asked = [], []
        self._port, self._pause, self._prefix = port, pause, prefix or f"clients{next(prefixes)}"
        self._numbers = itertools.count()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        connection = None
        while not self._stopped.is_set():
            request_id = f"{self._prefix}-{next(self._numbers)}"
            self.asked.append(request_id)
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
                connection.request("POST", "/openrtb2/auction", json.dumps(banner_request(id=request_id, tmax=100)))
                response = connection.getresponse()
                response.read()
                if response.status in (200, 204):  # else shed, as a front end that has just started may
                    self.answered.append(request_id)
            except (OSError, http.client.HTTPException):
                connection = None
                time.sleep(0.01)
            time.sleep(self._pause)

    def stop(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def check_auctions(lines, clients):
    """Every answered auction is one line; those that were not answered may be one."""
    logged = [line["request"] for line in lines if line["kind"] == "auction"]
    assert len(logged) == len(set(logged)), "a line stands there twice"
    missing = set(clients.answered) - set(logged)
    assert not missing, f"{len(missing)} of {len(clients.answered)} are missing: {sorted(missing)[:5]}"
    assert set(logged) <= set(clients.asked)
