"""Defaults, includes and variables: the rules that the module states, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.declared.manifest import Manifest
from proxmox_mpc.declared.reading import read_manifest
from proxmox_mpc.declared.resolve import Resolver, escaped
from proxmox_mpc.errors import ManifestError
from tests.declared.helpers import keys, load, messages


@pytest.mark.capability("8.6")
def test_layers_from_lowest_to_highest(tmp_path: Path) -> None:
    layers = [
        "defaults/vm.yml",
        "defaults/node-pve1.yml",
        "defaults/tag-b.yml",
        "defaults/tag-a.yml",
        "include/deep.yml",
        "include/one.yml",
        "include/two.yml",
        "vm/101.yml",
    ]
    files = {
        path: "".join(f"args: from {path}\n" if number == top else "" for number in (top,))
        for top, path in enumerate(layers)
    }
    files["vm/101.yml"] += "node: pve1\ntags: b;a\ninclude: [include/one.yml, include/two.yml]\n"
    files["include/one.yml"] += "include: include/deep.yml\n"
    for top in range(len(layers), 0, -1):
        loaded = load(tmp_path, files)
        assert keys(loaded)["args"] == f"from {layers[top - 1]}"
        resolved = loaded.resolved["vm", "101"]
        assert resolved.origin["args"] == layers[top - 1]
        assert resolved.place("args").file == layers[top - 1]
        assert [layer.path for layer in resolved.layers] == layers
        files[layers[top - 1]] = files[layers[top - 1]].replace(f"args: from {layers[top - 1]}\n", "")


def test_null_takes_an_inherited_key_away(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"defaults/vm.yml": "cores: 2\ncpu: host\n", "vm/101.yml": "cores: null\nmemory: ~\n"})
    assert keys(loaded) == {"cpu": "host"}
    assert loaded.resolved["vm", "101"].inherited == {"cores", "cpu"}
    again = load(tmp_path, {"defaults/node-pve1.yml": "cores: null\n", "vm/101.yml": "node: pve1\n"})
    assert keys(again) == {"cpu": "host", "node": "pve1"}


def test_node_and_tags_may_come_from_below_and_hold_variables(tmp_path: Path) -> None:
    files = {
        "vars.yml": "site: pve\n",
        "defaults/vm.yml": "node: ${site}1\n",
        "defaults/node-pve1.yml": "cpu: host\n",
        "defaults/tag-web.yml": "onboot: true\n",
        "include/web.yml": "tags: [web, '${extra}']\nvars:\n  extra: x\n",
        "vm/101.yml": "include: include/web.yml\n",
    }
    assert keys(load(tmp_path, files)) == {"node": "pve1", "cpu": "host", "tags": "web;x", "onboot": "1"}


def test_defaults_of_one_kind_are_of_that_kind(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"defaults/vm.yml": "cores: 2\n", "vm/101.yml": "", "ct/102.yml": "", "pool/vm.yml": ""})
    assert keys(loaded) == {"cores": "2"}
    assert keys(loaded, "ct", "102") == {}
    assert keys(loaded, "pool", "vm") == {}


def test_the_nearest_variable_wins(tmp_path: Path) -> None:
    files = {
        "vars.yml": "a: shared\nb: shared\nc: shared\n",
        "include/one.yml": "vars:\n  a: one\n  b: one\n",
        "include/two.yml": "vars:\n  a: two\n",
        "vm/101.yml": "include: [include/one.yml, include/two.yml]\nname: ${a}-${b}-${c}-${d}\nvars:\n  d: own\n",
    }
    assert keys(load(tmp_path, files))["name"] == "two-one-shared-own"
    files["vm/101.yml"] += "  a: own\n"
    assert keys(load(tmp_path, files))["name"] == "own-one-shared-own"


def test_variables_stand_in_defaults_and_numbers(tmp_path: Path) -> None:
    files = {"defaults/vm.yml": "cores: ${n}\nargs: $${n} $ {n} $n $$\n", "vm/101.yml": "vars:\n  n: 010\n"}
    assert keys(load(tmp_path, files)) == {"cores": "010", "args": "${n} $ {n} $n $$"}


def test_nothing_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert messages(load(tmp_path, {"vm/101.yml": "name: ${SECRET}\n"})) == [
        "vm/101.yml:1:7: name: there is no variable 'SECRET'"
    ]


@pytest.mark.capability("7.4", "8.6")
@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        (
            {"vm/101.yml": "vars:\n  bridge: x\nnet0: a=${brdge}\n"},
            "vm/101.yml:3:7: net0: there is no variable 'brdge'",
            "did you mean ${bridge}?",
        ),
        (
            {"vm/101.yml": "name: ${a b}\n"},
            "vm/101.yml:1:7: name: '${a b}' is no variable",
            "a variable is ${name}; write $${ for a literal ${",
        ),
        (
            {"vm/101.yml": "name: a${b\n"},
            "vm/101.yml:1:7: name: '${b' is no variable",
            "a variable is ${name}; write $${ for a literal ${",
        ),
        (
            {"vm/101.yml": "name: ${a}\nvars:\n  a: ${b}\n"},
            "vm/101.yml:3:6: the variable a holds ${…}, and variables do not nest",
            "write the value out; $${ stands for a literal ${",
        ),
        (
            {"vm/101.yml": "include:\n  - include/none.yml\n"},
            "vm/101.yml:2:5: there is no include/none.yml to include",
            "paths are relative to infra/, as in include/base.yml",
        ),
        (
            {"vm/101.yml": "include: [include/a.yml]\n", "include/a.yml": "include: include/b.yml\n"}
            | {"include/b.yml": "cores: 1\ninclude: [include/a.yml]\n"},
            "include/b.yml:2:11: the includes go round in a circle: include/a.yml → include/b.yml → include/a.yml",
            "take one of them out",
        ),
        (
            {"vm/101.yml": "include: ../../etc/passwd.yml\n"},
            "vm/101.yml:1:10: '../../etc/passwd.yml' is no path below infra/",
            "as in include/base.yml",
        ),
        (
            {"vm/101.yml": "include: /etc/x.yml\n"},
            "vm/101.yml:1:10: '/etc/x.yml' is no path below infra/",
            "as in include/base.yml",
        ),
        (
            {"vm/101.yml": "include: ct/102.yml\n"},
            "vm/101.yml:1:10: ct/102.yml is not there to be included",
            "put what several share into a file in include/",
        ),
        (
            {"vm/101.yml": "", "defaults/vm.yml": "vars:\n  a: b\n"},
            "defaults/vm.yml:2:6: defaults cannot have vars",
            "include and vars stand in manifests and in what they include; variables for all in vars.yml",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, files: dict[str, str], message: str, hint: str) -> None:
    (error,) = load(tmp_path, files).errors
    assert (str(error), error.hint, error.exit_status) == (message, hint, 3)


def test_a_shared_file_that_is_broken_is_said_once_and_names_no_guest_removed(tmp_path: Path) -> None:
    files = {f"vm/{number}.yml": "" for number in range(101, 120)}
    loaded = load(tmp_path, {**files, "defaults/vm.yml": "cores: [1\n"})
    assert len(loaded.errors) == 1
    assert loaded.errors[0].file == "defaults/vm.yml"
    assert loaded.resolved == {}
    assert len(loaded.present) == 19


def test_every_error_of_a_file_is_said(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"vm/101.yml": "name: ${a}\ncpu: ${b}\n", "vm/102.yml": "name: ${c}\n"})
    assert [(error.file, error.line, error.key) for error in loaded.errors] == [
        ("vm/101.yml", 1, "name"),
        ("vm/101.yml", 2, "cpu"),
        ("vm/102.yml", 1, "name"),
    ]


def test_track_of_the_highest_layer_counts(tmp_path: Path) -> None:
    files = {"defaults/vm.yml": "track: [node, status]\n", "vm/101.yml": "", "vm/102.yml": "track: node\n"}
    loaded = load(tmp_path, {**files, "vm/103.yml": "track: []\n"})
    assert [resolved.track for resolved in loaded.resolved.values()] == [{"node", "status"}, {"node"}, set()]


@given(st.text(alphabet="${}ab", max_size=12))
def test_any_text_survives_escaping(text: str) -> None:
    manifest = Manifest("vm", "101", "vm/101.yml")
    manifest.scalars = read_manifest("args: x\n", "vm/101.yml").scalars
    manifest.scalars["args"] = manifest.scalars["args"]._replace(text=escaped(text))
    errors: list[ManifestError] = []
    resolved = Resolver(lambda path: None).resolve(manifest, errors)
    assert resolved is not None
    assert resolved.keys == {"args": text}


layer = st.dictionaries(st.sampled_from(["cores", "cpu", "args"]), st.one_of(st.none(), st.sampled_from(["1", "2"])))


@given(layer, layer, layer, layer)
def test_layers_are_laid_over_each_other(
    defaults: dict[str, str | None],
    tag: dict[str, str | None],
    include: dict[str, str | None],
    own: dict[str, str | None],
) -> None:
    def text(keys: dict[str, str | None]) -> str:
        return "".join(f"{key}: {'null' if value is None else value}\n" for key, value in keys.items())

    files = {
        path: read_manifest(text(found), path)
        for path, found in (("defaults/vm.yml", defaults), ("defaults/tag-t.yml", tag), ("include/i.yml", include))
    }
    errors: list[ManifestError] = []
    written = f"tags: t\ninclude: include/i.yml\n{text(own)}"
    resolved = Resolver(files.get).resolve(read_manifest(written, "vm/101.yml", "vm", "101"), errors)
    assert resolved is not None
    below = {**defaults, **tag, **include}
    assert resolved.keys == {key: value for key, value in {**below, "tags": "t", **own}.items() if value is not None}
    assert resolved.inherited == {key for key, value in below.items() if value is not None}
