"""includes.py must say no: each kind of fault, planted in a copy of the tree."""
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

FAULTS = [
    ("shared/base/arena.c", '#include "http/gzip.h"', "not below"),
    ("shared/base/arena.c", "#include <http/gzip.h>", "not below"),
    ("shared/json/json_text.c", '#include "openrtb/openrtb_request.h"', "not below"),
    ("shared/base/arena.c", '#include "exchange.h"', "nowhere"),
    ("server/bid/bid.c", '#include "partner/partner.h"', "not below"),
    ("server/partner/partner.c", '#include "auction.h"', "not below"),
    ("server/auction.c", '#include "supervisor/supervisor.h"', "up"),
    ("server/auction.c", '#include "web/routes.h"', "up"),
    ("server/admin/admin.c", '#include "web/routes.h"', "not below"),
    ("loadtest/quantiles.c", '#include "exchange.h"', "nowhere"),
    ("server/main.c", '#include "../loadtest/quantiles.h"', "goes down"),
    ("server/main.c", "#include <curl/curl.h>", "belongs to"),
    ("server/main.c", "  #  include <event2/event.h>", "belongs to"),
    ("server/main.c", "#include <event.h>", "belongs to"),
    ("server/auction.c", "#include <yajl/yajl_parse.h>", "belongs to"),
    ("shared/outbound/outbound.c", "#include <jansson.h>", "belongs to"),
    ("server/main.c", "#include <openssl/ssl.h>", "belongs to"),
]


@pytest.fixture
def tree(tmp_path):
    for folder in ("shared", "server", "loadtest"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.md", "*.lua"))
    return tmp_path


def run(tree):
    return subprocess.run([sys.executable, ROOT / "tests/lint/includes.py", tree], capture_output=True, text=True, timeout=60)


def test_the_tree_is_good(tree):
    assert run(tree).returncode == 0


@pytest.mark.parametrize("file,line,word", FAULTS)
def test_fault_is_found(tree, file, line, word):
    with open(tree / file, "a", encoding="utf-8") as f:
        f.write(line + "\n")
    done = run(tree)
    assert done.returncode == 1
    assert f"{file}: " in done.stdout and word in done.stdout
