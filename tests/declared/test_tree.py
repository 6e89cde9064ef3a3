"""Which file stands for which object, and what is said of files that stand for none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.declared.edit import new_text
from proxmox_mpc.declared.manifest import KINDS
from proxmox_mpc.declared.names import base_ident_of, base_path_of, ident_of, path_of
from proxmox_mpc.declared.tree import Tree
from proxmox_mpc.errors import ManifestError
from tests.declared.helpers import keys, load, messages, plant

idents = st.lists(st.text(min_size=1, max_size=8).filter(lambda text: "/" not in text), min_size=1, max_size=3).map(
    "/".join
)


@pytest.mark.capability("8.6")
def test_a_tree_holds_what_its_files_say(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "vm/101-web.yml": "vmid: 101\nname: web\ntags: [prod, web]\nonboot: true\nstartdate: 12:30\nargs: 010\n",
            "ct/201.yaml": "hostname: dns\ndescription: |\n  two\n  lines\n",
            "pool/production.yml": "comment: yes\n",
            "backup-job/daily.yml": "vmid: 101,201\n",
            "network/pve1/vmbr0.yml": "type: bridge\n",
            "user/root%40pam.yml": "enable: 1\n",
            "include/unused.yml": "cores: 1\n",
            "defaults/tag-unused.yml": "cores: 1\n",
            "vars.yml": "a: b\n",
            "README.md": "# not ours",
            "vm/notes.txt": "not ours",
            ".git/config.yml": "not: ours",
        },
    )
    assert messages(loaded) == []
    assert {ident: resolved.keys for ident, resolved in loaded.resolved.items()} == {
        ("vm", "101"): {"name": "web", "tags": "prod;web", "onboot": "1", "startdate": "12:30", "args": "010"},
        ("ct", "201"): {"hostname": "dns", "description": "two\nlines\n"},
        ("pool", "production"): {"comment": "yes"},
        ("backup-job", "daily"): {"vmid": "101,201"},
        ("network", "pve1/vmbr0"): {"type": "bridge"},
        ("user", "root@pam"): {"enable": "1"},
    }
    assert loaded.present["vm", "101"] == "vm/101-web.yml"
    assert loaded.resolved["vm", "101"].place("name") == ("vm/101-web.yml", 2, 7)


def test_nothing_there_is_an_empty_tree(tmp_path: Path) -> None:
    assert Tree(tmp_path / "infra").load() == ({}, [], {})


@pytest.mark.capability("7.4", "8.6")
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"vm/101-a.yml": "", "vm/101-b.yml": ""}, "vm/101-b.yml: vm 101 is declared in vm/101-a.yml already"),
        ({"vm/101.yml": "", "vm/101.yaml": ""}, "vm/101.yml: vm 101 is declared in vm/101.yaml already"),
        ({"vm/101.yml": "", "ct/101.yml": ""}, "vm/101.yml: 101 is declared as a VM and in ct/101.yml as a container"),
        ({"pool/a%62.yml": "", "pool/ab.yml": ""}, "pool/ab.yml: pool ab is declared in pool/a%62.yml already"),
        ({"vm/web.yml": ""}, "vm/web.yml: the name must begin with the guest's vmid (100 to 999999999)"),
        ({"vm/99.yml": ""}, "vm/99.yml: the name must begin with the guest's vmid (100 to 999999999)"),
        ({"vm/0101.yml": ""}, "vm/0101.yml: the name must begin with the guest's vmid (100 to 999999999)"),
        ({"vm/101/web.yml": ""}, "vm/101/web.yml: the name must begin with the guest's vmid (100 to 999999999)"),
        ({"vms/101.yml": ""}, "vms/101.yml: no object is declared here, and nothing includes it"),
        ({"defaults/vms.yml": ""}, "defaults/vms.yml: the name says no defaults that there are"),
        ({"defaults/vm.yaml": ""}, "defaults/vm.yaml: the name says no defaults that there are"),
        ({"vm/101.yml": "", "vars.yml": "vars:\n  a: b\n"}, "vars.yml: vars.yml cannot have include, vars or track"),
        ({"101-web.yml": ""}, "101-web.yml: no object is declared here, and nothing includes it"),
        (
            {"vm/101.yml": "vmid: 102\n"},
            "vm/101.yml:1:7: vmid must be 101, the number with which the file's name begins",
        ),
        (
            {"vm/1011.yml": "", "defaults/vm.yml": "vmid: 1\n"},
            "defaults/vm.yml:1:7: vmid stands in manifests of guests only",
        ),
        ({"vm/101.yml": "cores: [1, 2]\n"}, "vm/101.yml:1:9: cores cannot be a list"),
        ({"vm/101.yml": "net0:\n  bridge: x\n"}, "vm/101.yml:2:11: net0 cannot be a mapping"),
        ({"vm/101.yml": "track: [name]\n"}, "vm/101.yml:1:9: track knows no 'name'"),
        ({"vm/101.yml": "track:\n  a: b\n"}, "vm/101.yml:2:6: track must be a list"),
        ({"vm/101.yml": "vars: x\n"}, "vm/101.yml:1:7: vars must be a mapping"),
        ({"vm/101.yml": "tags: [a, '']\n"}, "vm/101.yml:1:11: tags holds an empty entry"),
        ({"vm/101.yml": "- a\n"}, "vm/101.yml:1:1: must be a mapping of keys to values"),
        ({"vm/101.yml": "text\n"}, "vm/101.yml:1:1: must be a mapping of keys to values"),
        ({"vm/101.yml": "cores: 1\ncores: 2\n"}, "vm/101.yml:2:1: the key cores is here twice, first on line 1"),
        (
            {"vm/101.yml": "a: &x 1\nb: *x\n"},
            "vm/101.yml:1:4: anchors and aliases are not used here; use vars, or include",
        ),
        ({"vm/101.yml": "%YAML 1.1\n---\na: yes\n"}, "vm/101.yml:1:1: directives are not used here"),
        ({"vm/101.yml": "a: !!int '5'\n"}, "vm/101.yml:1:4: tags such as !!int are not used here"),
        ({"vm/101.yml": "a: !env HOME\n"}, "vm/101.yml:1:4: tags such as !env are not used here"),
        ({"vm/101.yml": "vars:\n  a: [b]\n"}, "vm/101.yml:2:6: vars.a is nested deeper than a manifest can be"),
        ({"vm/101.yml": "a: 'x\n"}, "vm/101.yml:2:1: invalid YAML: found unexpected end of stream"),
        ({"vm/101.yml": "a: b\x07\n"}, "vm/101.yml:1:1: invalid YAML: a control character"),
        (
            {"vm/101.yml": "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n"},
            "vm/101.yml:2:1: git left a conflict here (<<<<<<< … >>>>>>>)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, files: dict[str, str], message: str) -> None:
    assert messages(load(tmp_path, files)) == [message]


def test_a_merge_in_a_description_is_no_conflict(tmp_path: Path) -> None:
    text = "description: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\n"
    assert keys(load(tmp_path, {"vm/101.yml": text}))["description"] == "<<<<<<< HEAD\n=======\n>>>>>>> x\n"


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"vm/101.yml": "[", "vm/102.yml": "name: b\n", "vm/103.yml": "x: ${y}\n"})
    assert [error.file for error in loaded.errors] == ["vm/101.yml", "vm/103.yml"]
    assert set(loaded.resolved) == {("vm", "102")}
    assert set(loaded.present) == {("vm", "101"), ("vm", "102"), ("vm", "103")}


def test_files_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / "vm").mkdir()
    (tmp_path / "vm" / "101.yml").write_bytes(b"name: a\nargs: \xff\n")
    (tmp_path / "vm" / "102.yml").write_bytes(b"a: " + b"x" * (1 << 21))
    loaded = Tree(tmp_path).load()
    assert messages(loaded)[0] == "vm/101.yml:2: the file is not UTF-8"
    assert "larger than" in messages(loaded)[1]


@pytest.mark.capability("8.6")
def test_symlinks_are_not_followed_but_infra_may_be_one(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"secret.yml": "a: b\n", "vm/102.yml": ""})
    infra = plant(tmp_path / "infra", {"vm/101.yml": "include: include/s.yml\n", "include/x.yml": ""})
    (infra / "vm" / "103.yml").symlink_to(outside / "secret.yml")
    (infra / "include" / "s.yml").symlink_to(outside / "secret.yml")
    (infra / "ct").symlink_to(outside / "vm")
    found = messages(Tree(infra).load())
    assert found[0] == "ct: symlinks are not followed below infra/"
    assert "vm/103.yml: symlinks are not followed below infra/" in found
    assert any("s.yml is a symlink" in message for message in found)
    (tmp_path / "link").symlink_to(plant(tmp_path / "real", {"vm/101.yml": "name: x\n"}))
    assert keys(Tree(tmp_path / "link").load()) == {"name": "x"}


@given(st.sampled_from([kind for kind in KINDS if kind not in ("vm", "ct")]), idents)
def test_every_id_has_a_file_of_its_own(kind: str, ident: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in ident):
        return
    path = path_of(kind, ident)
    assert ident_of(path) == (kind, ident)
    assert base_ident_of(base_path_of(kind, ident)) == (kind, ident)
    assert not any(part.startswith(".") for part in path.split("/"))
    assert path.isascii() and path.isprintable()


@given(st.integers(100, 999999999), st.text(max_size=80))
def test_every_guest_name_makes_a_harmless_label(vmid: int, name: str) -> None:
    path = path_of("vm", str(vmid), name)
    assert ident_of(path) == ("vm", str(vmid))
    assert path.count("/") == 1
    assert len(path) < 90
    assert path.isascii() and path.isprintable() and " " not in path


def test_labels() -> None:
    assert path_of("vm", "101", "web.example.org") == "vm/101-web.example.org.yml"
    assert path_of("ct", "201", "../../etc/passwd") == "ct/201-etc-passwd.yml"
    assert path_of("ct", "201", "ü") == "ct/201.yml"
    assert path_of("network", "pve1/vmbr0") == "network/pve1/vmbr0.yml"
    assert path_of("ha-resource", "vm:101") == "ha-resource/vm%3A101.yml"
    with pytest.raises(ManifestError):
        ident_of("nothing/x.yml")


@pytest.mark.capability("3.8")
def test_a_thousand_manifests_are_read_in_a_blink(tmp_path: Path) -> None:
    document = {"name": "web", "cores": "4", "memory": "4096", "cpu": "host", "node": "pve1", "tags": "prod;web"}
    document |= {f"net{number}": f"virtio=BC:24:11:00:00:0{number},bridge=vmbr0,tag=2{number}" for number in range(4)}
    document |= {f"scsi{number}": f"local-lvm:vm-101-disk-{number},size=32G,ssd=1" for number in range(4)}
    document |= {"description": "# Web\n\nruns nginx", "startup": "order=3", "boot": "order=scsi0;net0"}
    files = {path_of("vm", str(vmid), "web"): new_text("vm", str(vmid), document) for vmid in range(1000, 2000)}
    plant(tmp_path, files)
    start = time.process_time()
    loaded = Tree(tmp_path).load()
    taken = time.process_time() - start
    assert len(loaded.resolved) == 1000
    assert keys(loaded, "vm", "1999") == document
    # 10,000 in 8 s is the promise, on a machine that does other things as well.
    assert taken < 0.8
