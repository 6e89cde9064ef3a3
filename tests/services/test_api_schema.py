"""The server's own schema: read from its script, kept, and what raw calls are told by it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import InvalidValue, NotFound, PmpcError, UnexpectedAnswer, Unreachable, UsageError
from proxmox_mpc.services.api_params import check
from proxmox_mpc.services.api_schema import DOCUMENT, ApiSchema, load, newest, parse
from proxmox_mpc.simulator import apidoc
from tests.services.fake_source import FakeSource
from tests.simulator.replay import folder

SCRIPT = apidoc.script().decode()
OURS = parse(SCRIPT)
_PROPERTIES = {
    "flag": {"type": "boolean", "optional": 1},
    "size": {"type": "integer", "minimum": 1, "maximum": 9},
    "how": {"type": "string", "enum": ["x", "y"], "optional": 1},
    "ids": {"type": "string", "format": "id-list", "optional": 1},
    "many": {"type": "array", "items": {"type": "integer"}, "optional": 1},
    "mp[n]": {"type": "string", "optional": 1, "maxLength": 3},
    "perl": {"type": "string", "pattern": "(?^:x)(?<=a+)", "optional": 1},
    "either": {"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["auto"]}]},
    "part": {"type": "number", "requires": "how", "optional": 1},
}
_TREE = [
    {"path": "/a", "info": {"PUT": {"parameters": {"additionalProperties": 0, "properties": _PROPERTIES}}}},
    {"path": "/free", "info": {"POST": {}}},
]
TINY = parse(f"var pveapi = {json.dumps(_TREE)};\nExt.onReady();")


def refused(**params: str | list[str] | Secret) -> dict[str, Json]:
    """Return what is said of the parameters of PUT /a."""
    try:
        check(TINY.method("PUT", "/a"), {"size": "5", **params})
    except InvalidValue as error:
        found = error.details["errors"]
        assert isinstance(found, dict)
        return found
    return {}


@pytest.mark.capability("4.2")
def test_each_parameter_that_pve_would_refuse_is_named_with_what_is_allowed() -> None:
    good = {"flag": "1", "size": "9", "how": "y", "mp0": "abc", "either": "auto", "part": "1.5e3", "perl": "anything"}
    assert refused(**good) == {}
    assert refused(ids=["1", "2"], many=["1", "2"]) == {}
    assert refused(many="3", either="7") == {}
    assert refused(flag="yes") == {"flag": "cannot be 'yes': 0 or 1"}
    assert refused(size="10") == {"size": "cannot be '10': an integer from 1 to 9"}
    assert refused(size="x", how="z") == {
        "size": "cannot be 'x': an integer from 1 to 9",
        "how": "cannot be 'z': one of x, y",
    }
    assert refused(mp1="abcd") == {"mp1": "cannot be 'abcd': a text, its length of 3 or less"}
    assert refused(hwo="x") == {"hwo": "is no parameter here (did you mean how?)"}
    assert refused(how=["x", "y"]) == {"how": "is given more than once, and is no list"}
    assert refused(many=["1", "x"]) == {"many": "cannot be 'x': an integer"}
    assert refused(part="1") == {"part": "needs how too"}
    assert refused(size=Secret("top")) == {"size": "cannot be ***: an integer from 1 to 9"}
    with pytest.raises(InvalidValue, match="PUT /a: size is missing: an integer from 1 to 9"):
        check(TINY.method("PUT", "/a"), {})
    check(TINY.method("POST", "/free"), {"whatever": "x"})


@pytest.mark.capability("4.2", "10.2")
def test_a_path_leads_to_its_template_or_to_the_nearest_one() -> None:
    method = OURS.method("GET", "/nodes/pve1/qemu/101/config")
    assert (method.template, method.placed) == ("/nodes/{node}/qemu/{vmid}/config", {"node": "pve1", "vmid": "101"})
    volume = OURS.method("GET", "/nodes/pve1/storage/local/content/local:iso/x.iso")
    assert volume.placed["volume"] == "local:iso/x.iso"
    with pytest.raises(NotFound, match="no path /nodes/pve1/qmu") as none:
        OURS.method("GET", "/nodes/pve1/qmu/101")
    assert (none.value.hint or "").startswith("did you mean /nodes/pve1/qemu?")
    with pytest.raises(UsageError, match=r"takes no set \(PUT\)") as other:
        OURS.method("PUT", "/nodes/pve1/qemu")
    assert other.value.hint == "it takes: get (GET), create (POST)"
    with pytest.raises(InvalidValue, match="vmid cannot be 'abc'"):
        check(OURS.method("GET", "/nodes/pve1/qemu/abc/config"), {})
    with pytest.raises(InvalidValue, match="stands in the path already"):
        check(method, {"vmid": "102"})
    check(method, {"vmid": "101"})


@pytest.mark.parametrize("script", ["", "const apiSchema = {}", "const apiSchema = [", "apiSchema = [" + "[" * 200_000])
def test_what_is_no_schema_is_said(script: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse(script)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4)
    | st.dictionaries(
        st.sampled_from(["path", "info", "GET", "children", "parameters", "properties", "type", "enum", "pattern",
                         "optional", "items", "oneOf", "minimum", "x"]),
        inside, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip
VALUES = st.dictionaries(
    st.text(min_size=1, max_size=6), st.text(max_size=6) | st.lists(st.text(max_size=3)), max_size=3
)


@given(st.lists(JSON, max_size=4), st.text(max_size=12), VALUES)
def test_whatever_a_server_serves_is_an_answer_or_an_error_of_ours(
    roots: list[object], path: str, params: dict[str, str | list[str]]
) -> None:
    schema = parse(f"const apiSchema = {json.dumps(roots)};")
    for where in ("/" + quote(path), "/x", "/"):
        try:
            check(schema.method("GET", where), params)
        except PmpcError as error:
            assert error.exit_status in (2, 5)


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), JSON.filter(lambda one: isinstance(one, dict)), max_size=4), VALUES
)
def test_whatever_a_parameter_is_said_to_be_it_is_taken_or_refused(
    properties: dict[str, object], params: dict[str, str | list[str]]
) -> None:
    tree = [{"path": "/x", "info": {"GET": {"parameters": {"additionalProperties": 0, "properties": properties}}}}]
    method = parse(f"apiSchema = {json.dumps(tree)}").method("GET", "/x")
    try:
        check(method, {**params, **dict.fromkeys(properties, "1")})
    except InvalidValue as error:
        assert error.details["errors"]


def test_what_the_real_server_took_is_taken_and_what_it_refused_is_refused() -> None:
    shared = folder()
    if shared is None or not (shared / "schema.json").is_file():
        pytest.skip("no schema of PVE beside the repository (../shared/pve) nor in PMPC_SHARED")
    schema = parse(f"const apiSchema = {json.dumps(_as_viewer(json.loads((shared / 'schema.json').read_text())))}\n;")
    for line in (shared / "recorded.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["raw"] is not None or row["status"] not in (200, 400):
            continue
        params = {key: _plain(value) for key, value in (row["params"] or {}).items()}
        path = row["path"].partition("?")[0]
        if row["status"] == 200:
            check(schema.method(row["method"], path), params)
            continue
        errors = row["body"].get("errors") or {}
        try:
            check(schema.method(row["method"], path), params)
        except InvalidValue as error:
            found = error.details["errors"]
            assert isinstance(found, dict) and set(found) <= set(errors), (path, found, errors)


def _plain(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(int(value)) if isinstance(value, bool) else str(value)


def _as_viewer(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Turn the flat schema into the tree that the API viewer's script holds."""
    nodes: dict[str, dict[str, object]] = {"": {"children": []}}
    for row in sorted(rows, key=lambda one: str(one["path"])):
        path = ""
        for segment in str(row["path"]).strip("/").split("/"):
            above, path = path, f"{path}/{segment}"
            if path not in nodes:
                nodes[path] = {"path": path, "info": {}, "children": []}
                children = nodes[above]["children"]
                assert isinstance(children, list)
                children.append(nodes[path])
        info = nodes[path]["info"]
        assert isinstance(info, dict)
        info[row["method"]] = {
            "parameters": {"additionalProperties": row["additionalProperties"], "properties": row["parameters"]}
        }
    roots = nodes[""]["children"]
    assert isinstance(roots, list)
    return roots


def of_version(version: str) -> FakeSource:
    source = FakeSource()
    source.release = version
    return source


@pytest.mark.capability("4.2")
def test_the_schema_is_fetched_once_for_each_version(tmp_path: Path) -> None:
    asked: list[str] = []
    notes: list[str] = []

    def fetch(path: str) -> str:
        asked.append(path)
        return SCRIPT

    for version in ("9.2.11", "9.2.11", "9.3.1"):
        source = of_version(version)
        schema = load(source, fetch, tmp_path / "cache", notes.append)
        assert schema is not None and schema.tree == OURS.tree
    assert (asked, notes) == ([DOCUMENT, DOCUMENT], [])
    kept = sorted(file.name for file in (tmp_path / "cache").iterdir())
    assert kept == ["api-9.2.11.json", "api-9.3.1.json"]
    os.utime(tmp_path / "cache" / "api-9.2.11.json", (1, 1))
    (tmp_path / "cache" / "api-9.3.1.json").write_text('{"below": {}}')
    found = newest(tmp_path / "cache")
    assert isinstance(found, ApiSchema) and found.tree == {"below": {}}
    assert newest(tmp_path / "none") is None


def test_a_damaged_cache_is_made_again_and_an_odd_version_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "api-9.2.11.json").write_text("{")
    assert load(of_version("9.2.11"), lambda _: SCRIPT, tmp_path, print) is not None
    assert json.loads((tmp_path / "api-9.2.11.json").read_text()) == OURS.tree
    assert load(of_version("../../x"), lambda _: SCRIPT, tmp_path, print) is not None
    assert [file.name for file in tmp_path.iterdir()] == ["api-9.2.11.json"]


@pytest.mark.capability("4.2")
def test_without_a_schema_nothing_is_checked_and_a_note_says_so(tmp_path: Path) -> None:
    notes: list[str] = []

    def none(path: str) -> str:
        raise NotFound(f"there is no {path}")

    assert load(of_version("8.4.1"), none, tmp_path, notes.append) is None
    assert notes == [f"the parameters are not checked: there is no {DOCUMENT}"]

    def down(path: str) -> str:
        raise Unreachable("nothing answers")

    with pytest.raises(Unreachable):
        load(of_version("8.4.1"), down, tmp_path, notes.append)
