"""A short storm of faults (loadtest/storm); longer ones, and of other seeds, are for whoever has the time."""
import contextlib
import random
import socket
import subprocess
import sys

from conftest import BIN, ROOT, SANITIZED


def four_free_ports():
    """The first of them; below those that the kernel gives to clients, of which there will be many."""
    while True:
        first = random.randrange(20000, 30000, 4)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + 4):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def test_a_short_storm(tmp_path):
    port = four_free_ports()
    bound = 4000 if SANITIZED else 200
    done = subprocess.run([sys.executable, ROOT / "loadtest" / "storm", "--bin", BIN, "--port", str(port), "--folder", tmp_path / "storm",
                           "--seed", "4", "--minutes", "0.35", "--ads", "2000", "--bound-mib", str(bound)],
                          capture_output=True, text=True)
    log = tmp_path / "storm" / "slimbid.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text(errors="replace")[-3000:] if log.exists() else "")
    assert "Sanitizer" not in log.read_text(errors="replace")
