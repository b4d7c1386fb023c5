"""Signals and deaths: what the supervisor and its front ends owe to clients and to the counters."""
import json
import os
import re
import signal
import socket
import time

import pytest
from conftest import Partner, Slimbid, banner_request


def send(slimbid, **more):
    body = json.dumps(banner_request(**more)).encode()
    s = socket.create_connection(("127.0.0.1", slimbid.port), timeout=10)
    s.sendall(b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return s


def start_slow(start, delay, tmax_max_ms=2000):
    partner = start(Partner, f"slow=delay=fixed:{delay}")
    return start(Slimbid, {"auction": {"tmax_max_ms": tmax_max_ms},
                           "partners": [{"name": "slow", "url": partner.url("slow"), "timeout_ms": 9000}]})


def test_signals_to_the_whole_group_still_drain(start):
    """A terminal's Ctrl-C and systemd signal the front ends themselves, and the supervisor signals them again."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        slimbid = start_slow(start, 300)
        front_end = slimbid.front_end_pid()
        with send(slimbid, tmax=1000) as s:
            time.sleep(0.05)
            os.kill(front_end, signum)
            slimbid.process.send_signal(signum)
            assert s.recv(65536).startswith(b"HTTP/1.1 200")
        assert slimbid.process.wait(5) == 0


def test_drain_waits_for_the_longest_auction(start):
    slimbid = start_slow(start, 6000, tmax_max_ms=8000)
    with send(slimbid, tmax=8000) as s:
        time.sleep(0.05)
        slimbid.process.send_signal(signal.SIGTERM)
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
    assert slimbid.process.wait(5) == 0


def test_second_signal_ends_at_once(start):
    slimbid = start_slow(start, 1500)
    with send(slimbid, tmax=2000) as s:
        time.sleep(0.05)
        slimbid.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        t0 = time.monotonic()
        slimbid.process.send_signal(signal.SIGTERM)
        assert slimbid.process.wait(5) == 0
        assert time.monotonic() - t0 < 0.5
        assert s.recv(100) == b""


def test_a_front_end_that_was_told_to_end_is_replaced(start):
    slimbid = start(Slimbid, {})
    front_end = slimbid.front_end_pid()
    os.kill(front_end, signal.SIGTERM)
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{front_end}") and time.monotonic() < end:
        time.sleep(0.01)
    assert slimbid.auction(banner_request())[0] == 204
    assert slimbid.front_end_pid() != front_end


def test_front_ends_go_with_the_supervisor(start):
    slimbid = Slimbid(start.tmp_path, {"front_ends": 2})
    pids = [f["pid"] for f in slimbid.status()["front_ends"]]
    slimbid.process.kill()
    slimbid.process.wait()
    end = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < end:
        time.sleep(0.01)
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_counters_never_go_down(start):
    partner = start(Partner, "a=price=fixed:1")
    slimbid = start(Slimbid, {"partners": [{"name": "a", "url": partner.url("a")}]})
    for _ in range(5):
        assert slimbid.auction(banner_request())[0] == 200
    time.sleep(1.1)  # the front end's figures are in its slot
    before = slimbid.metrics()
    os.kill(slimbid.front_end_pid(), signal.SIGKILL)
    assert slimbid.auction(banner_request())[0] == 200
    after = slimbid.metrics()
    down = {k: (v, after[k]) for k, v in before.items()
            if after[k] < v and k.split("{")[0].endswith(("_total", "_count", "_sum", "_bucket"))}
    assert not down
    assert after['slimbid_partner_connections_opened_total{partner="a"}'] == 2


def test_who_comes_during_the_drain_is_refused(start):
    slimbid = start_slow(start, 500)
    with send(slimbid, tmax=2000) as s:
        time.sleep(0.05)
        slimbid.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", slimbid.port), timeout=2)
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
    assert slimbid.process.wait(5) == 0


class FewFiles(Slimbid):
    prefix = ("prlimit", "--nofile=64:4000")


class FewerFiles(Slimbid):
    prefix = ("prlimit", "--nofile=64:64")


def test_clients_leave_descriptors_for_partners(start):
    partner = start(Partner, "a=price=fixed:1")
    raised = start(FewFiles, {})
    limits = open(f"/proc/{raised.front_end_pid()}/limits").read()
    assert re.search(r"Max open files +4000 ", limits)
    slimbid = start(FewerFiles, {"partners": [{"name": "a", "url": partner.url("a")}]})
    assert "warn descriptors: too few" in slimbid.log()
    crowd = [send(slimbid, id=f"r{i}") for i in range(100)]
    for s in crowd:  # each leaves when it is served, and lets the next one in
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
        s.close()
