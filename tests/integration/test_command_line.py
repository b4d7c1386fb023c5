"""slimbid's options and what it says of bad configurations."""
import json
import subprocess

from conftest import BIN, Slimbid


def run(*args):
    return subprocess.run([BIN / "slimbid", *map(str, args)], capture_output=True, text=True, timeout=20)


def test_print_config_is_a_config(tmp_path):
    printed = run("--print-config")
    assert printed.returncode == 0
    path = tmp_path / "printed.json"
    path.write_text(printed.stdout)
    assert run("--check-config", "--config", path).returncode == 0
    assert [p["name"] for p in json.loads(printed.stdout)["partners"]] == ["alpha", "beta", "gamma", "delta"]


def test_bad_configs_are_refused_with_key_and_reason(tmp_path):
    path = tmp_path / "bad.json"
    for text, key in (('{"http": {"body_byte": 1}}', "http.body_byte"), ('{"front_ends": 0}', "front_ends"),
                      ('{"auction": {"tmax_max_ms": "x"}}', "auction.tmax_max_ms"), ('{"listen": ["nowhere"]}', "listen"),
                      ('{"partners": [{"name": "a b", "url": "http://x/"}]}', "partners[0].name"), ("{", "bad.json")):
        path.write_text(text)
        done = run("--check-config", "--config", path)
        assert done.returncode == 2, text
        assert key in done.stderr and "bad.json" in done.stderr, done.stderr
        assert run("--config", path).returncode == 2


def test_files_that_a_config_names_are_looked_at(tmp_path):
    path, rates, missing = tmp_path / "files.json", tmp_path / "rates.json", tmp_path / "missing"
    rates.write_text('{"conversions": {"USD": {"EUR": -1}}}')
    open_keys = tmp_path / "keys"
    open_keys.write_text("1 " + "00" * 32)
    open_keys.chmod(0o644)
    partner = {"name": "a", "url": "https://127.0.0.1:1/", "ca_file": str(missing)}
    for config, reason in (({"auction": {"currency_file": str(missing)}}, f"auction.currency_file: {missing}: No such file"),
                           ({"auction": {"currency_file": str(rates)}}, f"auction.currency_file: {rates}: conversions.USD.EUR"),
                           ({"events": {"keys_file": str(missing)}}, f"events.keys_file: {missing}: No such file"),
                           ({"events": {"keys_file": str(open_keys)}}, f"events.keys_file: {open_keys}: others than its owner"),
                           ({"partners": [partner]}, f"partners[0].ca_file: {missing}: No such file")):
        path.write_text(json.dumps(config))
        for more in (["--check-config"], []):
            done = run(*more, "--config", path)
            assert done.returncode == 2 and f"files.json: {reason}" in done.stderr, done
        assert run("--print-config", "--config", path).returncode == 0


def test_busy_address_is_an_error(start, tmp_path):
    slimbid = start(Slimbid, {})
    path = tmp_path / "same.json"
    path.write_text(json.dumps({"listen": [f"127.0.0.1:{slimbid.port}"], "admin_listen": []}))
    done = run("--config", path)
    assert done.returncode == 1 and "in use" in done.stderr.lower()


def test_metrics_have_help_and_no_duplicates(start):
    slimbid = start(Slimbid, {"partners": [{"name": "a", "url": "http://127.0.0.1:1/"}]})
    text = slimbid.request("GET", "/metrics", port=slimbid.admin_port)[1].decode()
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) and len(families) > 30
    samples = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))
    for sample in samples:
        name = sample.split("{")[0]
        assert any(name == f or name in (f + "_bucket", f + "_sum", f + "_count") for f in families), sample
