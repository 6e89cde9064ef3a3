"""Manifests and base on disk: whole or not at all, inside infra/, and never over what nobody has read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.declared.base import Base, BaseEntry
from proxmox_mpc.declared.files import remove_file, write_file
from proxmox_mpc.declared.manifest import Ident
from proxmox_mpc.declared.tree import Tree
from proxmox_mpc.declared.writing import carried, drop, manifests, save
from proxmox_mpc.errors import ManifestError
from tests.declared.helpers import keys, load, plant
from tests.declared.strategies import texts

entries = st.builds(
    BaseEntry,
    st.one_of(st.none(), texts),
    st.dictionaries(st.text(min_size=1, max_size=6), st.one_of(st.none(), texts), max_size=4),
)


@pytest.mark.capability("8.6", "6.5")
def test_the_base_is_read_as_it_was_written(tmp_path: Path) -> None:
    base = Base(tmp_path)
    written: dict[Ident, BaseEntry] = {
        ("vm", "101"): BaseEntry("qemu uuid=1", {"name": "web", "net0": None, "description": "é😀\n\x07\u2028"}),
        ("user", "root@pam"): BaseEntry(None, {}),
        ("network", "pve1/vmbr0"): BaseEntry(None, {"mtu": "1500"}),
    }
    assert base.read_all() == {}
    assert base.read("vm", "101") is None
    assert base.write_all(written) == 3
    assert base.write_all(written) == 0
    assert base.read_all() == written
    assert base.read("network", "pve1/vmbr0") == written["network", "pve1/vmbr0"]
    assert (tmp_path / ".base" / "user" / "root@pam.json").exists()
    assert base.remove("vm", "101") is True
    assert base.remove("vm", "101") is False
    assert base.remove_all(written) == 2
    assert base.read_all() == {}


@given(entries)
def test_every_entry_survives(tmp_path_factory: pytest.TempPathFactory, entry: BaseEntry) -> None:
    base = Base(tmp_path_factory.mktemp("infra"))
    base.write("vm", "101", entry)
    assert base.read("vm", "101") == entry


def test_two_peoples_agreements_merge_line_by_line(tmp_path: Path) -> None:
    Base(tmp_path).write("vm", "101", BaseEntry("x", {"b": "2", "a": "1"}))
    text = (tmp_path / ".base" / "vm" / "101.json").read_text()
    assert text == '{\n "identity": "x",\n "keys": {\n  "a": "1",\n  "b": "2"\n }\n}\n'


@pytest.mark.capability("7.4", "8.6")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ".base/vm/101.json:1: the base is no JSON"),
        ("[]", ".base/vm/101.json: the base has no keys"),
        ('{"keys": {"a": 1}}', ".base/vm/101.json: a must be a text or null"),
        ('{"identity": 5, "keys": {}}', ".base/vm/101.json: identity must be a text or null"),
        ("[" * 100_000, ".base/vm/101.json: the base is no JSON of ours"),
        ('{\n<<<<<<< HEAD\n"keys": {}\n=======\n>>>>>>> x\n}', ".base/vm/101.json:2:1: git left a conflict here"),
    ],
)
def test_a_damaged_base_is_said_with_its_remedy(tmp_path: Path, text: str, message: str) -> None:
    plant(tmp_path, {".base/vm/101.json": text})
    for read in (lambda: Base(tmp_path).read("vm", "101"), lambda: Base(tmp_path).read_all()):
        with pytest.raises(ManifestError) as caught:
            read()
        assert str(caught.value).startswith(message)
        assert caught.value.hint is not None and "git" in caught.value.hint


@pytest.mark.capability("8.6", "7.7")
def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    assert save(tmp_path, "vm/101.yml", "name: a\n", None) is True
    assert save(tmp_path, "vm/101.yml", "name: a\n", "name: a\n") is False
    for was, what in ((None, "was made"), ("name: old\n", "was changed")):
        with pytest.raises(ManifestError, match=f"the file {what} since it was read"):
            save(tmp_path, "vm/101.yml", "name: b\n", was)
    with pytest.raises(ManifestError, match="was removed since it was read"):
        save(tmp_path, "vm/102.yml", "name: b\n", "name: a\n")
    with pytest.raises(ManifestError, match="was changed since"):
        drop(tmp_path, "vm/101.yml", "name: old\n")
    assert (tmp_path / "vm" / "101.yml").read_text() == "name: a\n"
    assert drop(tmp_path, "vm/101.yml", "name: a\n") is True
    assert drop(tmp_path, "vm/101.yml", "name: a\n") is False


@pytest.mark.capability("8.6")
@pytest.mark.parametrize("path", ["../x.yml", "/x.yml", "vm/../../x.yml", "vm//x.yml", "vm/./x.yml", "vm/x\0.yml"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    infra = plant(tmp_path / "infra", {"vm/101.yml": ""})
    with pytest.raises(ManifestError, match="no path below infra/"):
        write_file(infra, path, "x")
    with pytest.raises(ManifestError, match="no path below infra/"):
        remove_file(infra, path)
    assert not (tmp_path / "x.yml").exists()


def test_no_symlink_leads_out(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"101.yml": "mine"})
    infra = plant(tmp_path / "infra", {"ct/201.yml": ""})
    (infra / "vm").symlink_to(outside)
    (infra / "ct" / "202.yml").symlink_to(outside / "101.yml")
    for path in ("vm/101.yml", "vm/102.yml", "ct/202.yml"):
        with pytest.raises(ManifestError, match="symlink"):
            write_file(infra, path, "x")
        with pytest.raises(ManifestError, match="symlink"):
            remove_file(infra, path)
    assert (outside / "101.yml").read_text() == "mine"
    assert not (outside / "102.yml").exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, "vm/101.yml", "name: a\n", None)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ManifestError, match=r"vm/101\.yml: cannot be written: No space left on device"):
        save(tmp_path, "vm/101.yml", "name: b\n", "name: a\n")
    assert os.listdir(tmp_path / "vm") == ["101.yml"]
    assert (tmp_path / "vm" / "101.yml").read_text() == "name: a\n"


def test_permission_bits_stay_and_follow_infra(tmp_path: Path) -> None:
    for mode, expected in ((0o700, 0o600), (0o755, 0o644), (0o750, 0o640)):
        tmp_path.chmod(mode)
        path = f"vm/1{mode}.yml"
        write_file(tmp_path, path, "a: b\n")
        assert (tmp_path / path).stat().st_mode & 0o777 == expected
        (tmp_path / path).chmod(0o660)
        write_file(tmp_path, path, "a: c\n")
        assert (tmp_path / path).stat().st_mode & 0o777 == 0o660


def test_files_are_found_whatever_their_label(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {"vm/101-old name.yml": "[", "ct/201.yaml": "", "vm/nothing.yml": "", "include/x.yml": "", "a.yml": ""},
    )
    assert manifests(tmp_path) == {("vm", "101"): "vm/101-old name.yml", ("ct", "201"): "ct/201.yaml"}


@pytest.mark.capability("8.6")
def test_what_is_live_is_carried_into_the_file(tmp_path: Path) -> None:
    text = "# web\nname: web  # dns\ncores: 4\nargs: x\n"
    loaded = load(tmp_path, {"vm/101.yml": text, "defaults/vm.yml": "cores: 1\nballoon: 0\nonboot: 1\n"})
    resolved = loaded.resolved["vm", "101"]
    after = carried(resolved, {"name": "${x}", "net0": "virtio"}, ["cores", "args", "onboot", "never"])
    assert after == "# web\nname: $${x}  # dns\ncores: null\nnet0: virtio\nonboot: null\n"
    save(tmp_path, resolved.manifest.path, after, resolved.manifest.text)
    assert keys(Tree(tmp_path).load()) == {"name": "${x}", "net0": "virtio", "balloon": "0"}
