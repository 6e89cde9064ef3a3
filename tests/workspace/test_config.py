"""config.yml: what may stand in it, errors that name the place, and the kept parsed form."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.errors import ConfigError
from proxmox_mpc.workspace.config import load
from proxmox_mpc.workspace.config_edit import check_text
from proxmox_mpc.workspace.schema import fields
from tests.workspace.helpers import REAL

FILE = Path("/somewhere/config.yml")
PIN = ":".join(["AB"] * 32)


def good(text: str) -> JsonObject:
    """Return the values of a text that is right."""
    checked = check_text(text, FILE)
    assert checked.problems == (), [problem.message for problem in checked.problems]
    return checked.data


@pytest.mark.capability("6.3")
def test_values_come_in_their_normal_form() -> None:
    data = good(
        "version: 1\nname: lab\ncluster:\n  endpoints: [PVE1, 'https://pve2/']\n"
        f"  token_id: ops@pve!ci\n  token_secret: {{env: S}}\n  tls: {{fingerprint: {'ab' * 32}}}\n"
        "safety: {protected: [100, web], policy: {high: deny}}\n"
    )
    assert data["cluster"] == {
        "endpoints": ["https://pve1:8006", "https://pve2:8006"],
        "token_id": "ops@pve!ci",
        "token_secret": {"env": "S"},
        "tls": {"fingerprint": PIN},
    }
    assert data["safety"] == {"protected": ["100", "web"], "policy": {"high": "deny"}}


@pytest.mark.capability("6.3", "7.4", "10.2")
@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("version: 1\nclutser:\n  endpoints: [a]\n", 2, 1, "unknown key clutser; did you mean cluster?"),
        ("cluster:\n  tokn_id: x\n", 2, 3, "unknown key tokn_id in cluster; did you mean token_id?"),
        ("a: [1,\nb: 2", 2, 5, "invalid YAML: expected ',' or ']'"),
        ("cluster:\n\tendpoints: x", 2, 1, "invalid YAML"),
        ("name: a\nversion: 1\nname: b\n", 3, 1, "the key name is here twice, first on line 1"),
        ("cluster:\n  endpoints: pve1\n", 2, 14, "must be a list"),
        ("cluster:\n  endpoints:\n    - pve1\n    - http://pve2\n", 3, 5, "plain http"),
        ("cluster:\n  tls: {verify: yes}\n", 2, 17, "must be true or false"),
        ("cluster:\n  request_timeout: -1\n", 2, 20, "number from 0.1 to 3600"),
        ("cluster:\n  parallel: 2.5\n", 2, 13, "whole number from 1 to 64"),
        ("cluster: 7\n", 1, 10, "must be a mapping"),
        ("- a\n- b\n", 1, 1, "must be a mapping"),
        ("version: 2\n", 1, 10, "a newer pmpc"),
        ("defaults: {output: xml}\n", 1, 20, "one of table, json, yaml"),
        ("safety: {policy: {high: maybe}}\n", 1, 25, "one of run, confirm, plan, name, deny"),
        ("cluster:\n  token_secret: {env: X}\n", 2, 3, "needs cluster.token_id"),
        ("cluster:\n  token_id: ops@pve!ci\n  username: ops@pve\n", 3, 3, "one of them has to go"),
        ("name: &x lab\n", 1, 7, "anchors and aliases"),
        ("name: !!python/object:os.system ls\n", 1, 7, "the tag"),
        ("name: lab\n---\nname: b\n", 2, 1, "invalid YAML"),
        ("sync: {every: 5m}\n", 1, 8, "unknown key every in sync"),
        ("name: lab\nno\x00pe: 1\n", 2, 1, "control character"),
    ],
)
def test_an_error_names_line_and_column(text: str, line: int, column: int, words: str) -> None:
    problems = check_text(text, FILE).problems
    assert words in problems[0].message
    assert problems[0].message.startswith(f"{FILE}, line {line}, column {column}: ")
    assert (problems[0].details["line"], problems[0].details["column"]) == (line, column)
    assert problems[0].exit_status == 3


def test_every_problem_is_found_at_once() -> None:
    problems = check_text("nome: x\ncluster: {paralel: 3, request_timeout: soon}\n", FILE).problems
    assert len(problems) == 3


@pytest.mark.capability("9.6")
@pytest.mark.parametrize(
    "line",
    [
        "token_secret: s3cr3t-in-clear",
        "token_secret: {env: A, file: s3cr3t-in-clear}",
        "token_secret: {plain: s3cr3t-in-clear}",
        "token_secret: {encrypted: s3cr3t-in-clear}",
        "token_secret: [s3cr3t-in-clear]",
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(line: str) -> None:
    problems = check_text(f"cluster:\n  token_id: ops@pve!ci\n  {line}\n", FILE).problems
    assert len(problems) == 1
    assert "s3cr3t-in-clear" not in problems[0].message + json.dumps(problems[0].details)


@pytest.mark.capability("9.6")
def test_a_password_in_the_database_url_is_refused() -> None:
    problems = check_text("state: {url: 'postgresql://pmpc:s3cr3t@db/pmpc'}\n", FILE).problems
    assert "state.password" in problems[0].message
    assert "s3cr3t" not in problems[0].message
    assert good("state: {url: 'postgresql://pmpc@db/pmpc', password: {env: P}}\n")


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_bytes(b"name: lab\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"line 2.*not UTF-8"):
        load(file, tmp_path / "cache.json")


def test_every_key_says_what_it_is_for() -> None:
    assert all(field.help and not field.help.endswith(".") for _, field in fields())


@pytest.mark.capability("6.3", "8.8")
def test_the_parsed_form_is_kept_and_the_parser_is_not_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = tmp_path / "config.yml", tmp_path / "cache" / "config.json"
    file.write_text(REAL)
    first = load(file, cache)
    assert cache.stat().st_mode & 0o777 == 0o600
    monkeypatch.setitem(sys.modules, "proxmox_mpc.workspace.config_edit", None)
    assert load(file, cache) == first


@pytest.mark.capability("6.3", "9.6")
def test_a_kept_form_counts_for_the_very_same_file_only(tmp_path: Path) -> None:
    file, cache = tmp_path / "config.yml", tmp_path / "config.json"
    file.write_text(REAL)
    load(file, cache)
    status = file.stat()

    # The same size, times put back: only the text tells.
    file.write_text(REAL.replace("pve1", "evil"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load(file, cache)["cluster"] != json.loads(cache.read_text())["key"]
    assert "evil" in str(load(file, cache)["cluster"])

    # A kept form that came with an archive speaks for no file here.
    forged = json.loads(cache.read_text())
    forged["data"]["cluster"]["endpoints"] = ["https://attacker:8006"]
    copy = tmp_path / "copy.yml"
    copy.write_bytes(file.read_bytes())
    cache.write_text(json.dumps(forged))
    assert "attacker" not in str(load(copy, cache))


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"key": 1}', '{"key": [], "data": 7}'])
def test_a_damaged_kept_form_is_made_again(tmp_path: Path, junk: str) -> None:
    file, cache = tmp_path / "config.yml", tmp_path / "config.json"
    file.write_text(REAL)
    cache.write_text(junk)
    assert load(file, cache)["name"] == "lab"
    assert json.loads(cache.read_text())["data"]["name"] == "lab"


def test_a_broken_file_is_never_kept(tmp_path: Path) -> None:
    file, cache = tmp_path / "config.yml", tmp_path / "config.json"
    file.write_text("nome: lab\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match="line 1"):
            load(file, cache)
    assert not cache.exists()
