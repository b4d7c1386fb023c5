"""What the load tests of own campaigns share: made-up tables and requests, a server, traffic, figures."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Failure(Exception):
    """What is told to the user instead of a traceback."""


def add_options(parser, ads):
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the programs")
    parser.add_argument("--port", type=int, default=18200, help="the first of two ports")
    parser.add_argument("--ads", type=int, default=ads, help=f"ads in a table ({ads:,})")
    parser.add_argument("--folder", type=pathlib.Path, help="where tables are made, and kept for the next run; not a tmpfs")


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise Failure(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class World:
    """Tables of made-up ads, and requests that fit them; made when they are not there yet."""

    def __init__(self, options, folder):
        self.tool, self.ads, self.folder = options.bin / "slimbid-table", options.ads, folder

    def lines(self, seed=1):
        path = self.folder / f"ads-{self.ads}-{seed}.ndjson"
        if not path.exists():
            with open(path.with_suffix(".new"), "wb") as out:
                subprocess.run([self.tool, "generate", "--ads", str(self.ads), "--seed", str(seed)], stdout=out, check=True)
            os.rename(path.with_suffix(".new"), path)
        return path

    def table(self, seed=1):
        path = self.folder / f"ads-{self.ads}-{seed}.tbl"
        if not path.exists():
            run(self.tool, "build", self.lines(seed), "-o", path, "--quiet")
        return path

    def requests(self):
        path = self.folder / f"requests-{self.ads}.ndjson"
        if not path.exists():
            subprocess.run([self.tool, "generate", "--ads", str(self.ads), "--requests", "20000", "--requests-out", path],
                           stdout=subprocess.DEVNULL, check=True)
        return path


def place(table, path):
    """The file appears at path by a rename, without a copy of its bytes."""
    new = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    os.link(table, new)
    os.rename(new, path)


def damaged_copy(table, path):
    """The same but for one bit in the middle: only the full check finds it."""
    shutil.copyfile(table, path)
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    return path


class Server:
    def __init__(self, options, folder, workers, table):
        self.bin, self.port, self.folder = options.bin, options.port, folder
        self.config = {"listen": [f"127.0.0.1:{self.port}"], "admin_listen": [f"127.0.0.1:{self.port + 1}"],
                       "http": {"max_requests_per_connection": 1000000000},
                       "campaigns": {"table": str(table), "workers": workers}}

    def __enter__(self):
        path = self.folder / "slimbid.json"
        path.write_text(json.dumps(self.config))
        self.log = self.folder / "slimbid.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.bin / "slimbid", "--config", path], stderr=log, stdout=log)
        self.wait_for(lambda: self.status()["table"]["generation"] == self.status()["scoring"]["generation"] > 0)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}{path}", timeout=10) as answer:
            return answer.read().decode()

    def status(self):
        return json.loads(self.get("/status"))

    def wait_for(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if condition():
                    return
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failure(f"slimbid does not come to it:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.01)

    def workers(self):
        return [w["pid"] for w in self.status()["workers"] if w["pid"]]

    def memory(self):
        """MiB by process, from `slimbid memory`: a list of dicts."""
        rows = []
        for line in run(self.bin / "slimbid", "memory", "--pid", self.process.pid).splitlines()[1:]:
            found = re.match(r"(supervisor|front end|worker|together)\s+(\d*)\s+([\d. ]+)$", line)
            if found:
                names = ("resident", "pss", "private", "shared", "table", "table_pss")
                rows.append({"process": found[1], **dict(zip(names, map(float, found[3].split())))})
        return rows

    def load(self, requests, rate, seconds):
        """Starts made-up traffic; report() ends it and gives its figures."""
        return subprocess.Popen([self.bin / "slimbid-replay", "--ndjson", requests, "--rate", str(rate), "--poisson",
                                 "--duration", str(seconds), "--connections", "256", "--json", "--quiet", "--target",
                                 f"http://127.0.0.1:{self.port}/openrtb2/auction"], stdout=subprocess.PIPE, text=True)


def report(load):
    text = load.communicate()[0]
    if not text:
        raise Failure(f"slimbid-replay ended with {load.returncode} and said nothing")
    figures = json.loads(text)
    outcomes = figures["outcomes"]
    figures["failed"] = sum(n for name, n in outcomes.items() if name not in ("bids", "no_bid"))
    figures["bid_share"] = outcomes["bids"] / max(1, figures["sent"])
    return figures


def print_report(name, figures):
    latency = figures["latency_ms"]
    print(f"{name:<26}{figures['sent']:>9}{figures['failed']:>8}{figures['late']:>7}{figures['bid_share']:>8.1%}"
          f"{latency['p50']:>9.2f}{latency['p99']:>9.2f}{latency['p99_9']:>9.2f}{latency['max']:>9.2f}", flush=True)


def print_head():
    print(f"{'':<26}{'sent':>9}{'failed':>8}{'late':>7}{'bids':>8}{'p50 ms':>9}{'p99 ms':>9}{'p99.9 ms':>9}{'max ms':>9}")


@contextlib.contextmanager
def folder_of(options):
    """Where everything is made; a temporary one goes at the end."""
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        yield options.folder.resolve()
        return
    import tempfile
    with tempfile.TemporaryDirectory(prefix="slimbid-") as name:
        yield pathlib.Path(name)


def main(parser, measure):
    """Runs a measurement; its result is the exit status."""
    options = parser.parse_args()
    try:
        with folder_of(options) as folder:
            return measure(options, folder)
    except Failure as failure:
        print(f"{parser.prog}: {failure}")
        return 2
