"""Segment's own libraries, unmodified, against the tracking API. Skipped where they can't be installed."""
import json
import shutil
import subprocess
import sys

import pytest

from conftest import SANITIZED, Partner, Slimbid

KEY = "segment-key-1"

NODE = """
const { Analytics } = require('@segment/analytics-node')
const [host, writeKey, count] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host, flushAt: 7, flushInterval: 50, maxRetries: 2 })
const seen = { statuses: {}, delivered: 0, errors: [] }
analytics.on('http_response', (r) => { seen.statuses[r.status] = (seen.statuses[r.status] || 0) + 1 })
analytics.on('error', (e) => seen.errors.push(String(e.code)))
const done = (error) => { if (!error) seen.delivered++ }
const page = { url: 'https://www.news.example/a/1', path: '/a/1', title: 'T' }
for (let i = 0; i < Number(count); i++) {
  const who = i % 2 ? { userId: 'u' + i } : { anonymousId: 'a' + i }
  analytics.page({ ...who, name: 'Home', properties: page, context: { page, userAgent: 'UA', ip: '192.0.2.1' } }, done)
  analytics.screen({ ...who, name: 'Main', context: { app: { namespace: 'com.a' } } }, done)
  analytics.track({ ...who, event: 'Product Viewed', properties: { category: 'Games', price: 1.5 } }, done)
  analytics.identify({ ...who, traits: { name: 'N\\u00e9', born: new Date(0) } }, done)
  analytics.group({ ...who, groupId: 'g' }, done)
  analytics.alias({ userId: 'u' + i, previousId: 'p' + i }, done)
}
analytics.closeAndFlush({ timeout: 15000 }).then(() => console.log(JSON.stringify(seen)))
"""

PYTHON = """
import datetime, json, sys
from segment.analytics.client import Client
host, key, count, gzip = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "gzip"
errors = []
client = Client(key, host=host, gzip=gzip, upload_size=7, upload_interval=0.05, max_retries=2, on_error=lambda e, batch: errors.append(getattr(e, "status", str(e))))
for i in range(count):
    who = {"user_id": f"u{i}"} if i % 2 else {"anonymous_id": f"a{i}"}
    client.page(**who, name="Home", properties={"url": "https://www.news.example/a/1", "path": "/a/1"})
    client.screen(**who, name="Main")
    client.track(**who, event="Product Viewed", properties={"category": "Games", "at": datetime.datetime.now()})
    client.identify(**who, traits={"name": "N\\u00e9"})
    client.group(**who, group_id="g")
    client.alias(previous_id=f"p{i}", user_id=f"u{i}")
client.flush()
client.shutdown()
print(json.dumps({"errors": errors}))
"""


def install(command, what):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not here, so {what} can't be installed")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} could not be installed in time")
    if done.returncode != 0:
        pytest.skip(f"{what} can't be installed: {done.stderr.strip().splitlines()[-1:]}")


@pytest.fixture(scope="session")
def node_client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analytics-node")
    install(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--prefix", str(folder),
             "@segment/analytics-node"], "@segment/analytics-node")
    script = folder / "client.js"
    script.write_text(NODE)
    return lambda *args: run(["node", script, *args])


@pytest.fixture(scope="session")
def python_client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analytics-python")
    install([sys.executable, "-m", "pip", "install", "-q", "--retries", "1", "--target", str(folder), "segment-analytics-python"],
            "segment-analytics-python")
    script = folder / "client.py"
    script.write_text(PYTHON)
    return lambda *args: run([sys.executable, script, *args])


def run(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def slimbid(start):
    partner = start(Partner, "p=bid=1")
    return start(Slimbid, {
        "partners": [{"name": "p", "url": partner.url("p")}],
        "clickstream": {"write_keys": [KEY], "events_per_second": 60},
        "placements": [{"name": "front", "site": "news.example", "path": "/a/*", "auction": "always",
                        "imps": [{"id": "1", "banner": {"w": 300, "h": 250}}]}]})


def accounted(slimbid, count):
    """Each call arrived, once, as what it was; some requests were told to wait."""
    m = slimbid.wait_idle()
    for kind in ("page", "screen", "track", "identify", "group", "alias"):
        assert m[f'slimbid_click_events_by_type_total{{type="{kind}"}}'] == count, kind
    outcomes = {o: m[f'slimbid_click_events_total{{outcome="{o}"}}'] for o in ("bids", "accepted", "duplicate", "invalid")}
    assert outcomes == {"bids": count, "accepted": 5 * count, "duplicate": 0, "invalid": 0}
    assert SANITIZED or m['slimbid_click_requests_refused_total{reason="rate"}'] > 0


def test_analytics_node(slimbid, node_client):
    seen = node_client(f"http://127.0.0.1:{slimbid.port}", KEY, 20)
    assert seen["delivered"] == 120 and not seen["errors"]
    # A server that is many times as slow is not sent too much at once.
    assert set(seen["statuses"]) == {"200", "429"} or (SANITIZED and set(seen["statuses"]) == {"200"})
    accounted(slimbid, 20)


def test_analytics_node_with_a_wrong_key(slimbid, node_client):
    seen = node_client(f"http://127.0.0.1:{slimbid.port}", "wrong-key-1", 1)
    assert seen["delivered"] == 0 and set(seen["statuses"]) == {"401"}


@pytest.mark.parametrize("coding", ["plain", "gzip"])
def test_analytics_python(slimbid, python_client, coding):
    assert python_client(f"http://127.0.0.1:{slimbid.port}", KEY, 20, coding) == {"errors": []}
    accounted(slimbid, 20)


def test_analytics_python_with_a_wrong_key(slimbid, python_client):
    seen = python_client(f"http://127.0.0.1:{slimbid.port}", "wrong-key-1", 1, "plain")
    assert set(seen["errors"]) == {401}
