"""What a manifest may say, by the check that refuses it and by the schema that editors use: the two agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proxmox_mpc.declared.check import Checker, guest_rules, problems
from proxmox_mpc.declared.edit import new_text
from proxmox_mpc.declared.manifest import Resolved
from proxmox_mpc.declared.reading import read_manifest
from proxmox_mpc.declared.resolve import Resolver
from proxmox_mpc.declared.schema import schema_of, write_schemas
from proxmox_mpc.domain.config_rules import Rule
from proxmox_mpc.errors import ManifestError, UsageError

CHECKER = Checker()
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema_of(kind)) for kind in ("vm", "ct")}


def resolved(text: str, kind: str = "vm") -> Resolved:
    errors: list[ManifestError] = []
    found = Resolver(lambda path: None).resolve(read_manifest(text, f"{kind}/101.yml", kind, "101"), errors)
    assert found is not None, errors
    return found


def wrong(text: str, kind: str = "vm") -> list[str]:
    return [one.problem for one in Checker().problems(resolved(text, kind))]


def marked(text: str, kind: str = "vm") -> bool:
    """Whether an editor marks anything in a manifest: it reads the YAML and holds it against the schema."""
    data: Any = yaml.load(text, Loader=Core)
    return not VALIDATORS[kind].is_valid(data)


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- PyYAML's way


for tag, expression, first in (
    ("null", r"null|Null|NULL|~|", [*"nN~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", r"[-+]?[0-9]+\.[0-9]+", [*"-+0123456789"]),
):
    import re

    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{expression})$"), first)

GOOD_VM = """\
# yaml-language-server: $schema=../.schema/vm.json
vmid: 101
name: web
node: pve1
track: [node, status]
status: running
tags: [prod, web]
vars:
  bridge: vmbr0
include: [include/base.yml]
cores: 4
memory: 4096
cpu: x86-64-v2-AES,flags=+aes
balloon: null
onboot: true
agent: enabled=1,fstrim_cloned_disks=1
description: |
  # Web
scsi0: local-lvm:32,ssd=1,discard=on
scsi30: ${disk}
efidisk0: local-lvm:1,efitype=4m
net0: virtio=BC:24:11:00:00:01,bridge=${bridge},tag=20
net31: e1000,bridge=vmbr1
ipconfig0: ip=10.0.0.5/24,gw=10.0.0.1
startup: order=3,up=30
boot: order=scsi0;net0
hugepages: 1024
"""
GOOD_CT = """\
hostname: dns
pool: infra
ostemplate: local:vztmpl/debian-13.tar.zst
unprivileged: true
features: nesting=1
rootfs: local-lvm:8
mp0: local-lvm:4,mp=/srv
mp255: /mnt/host,mp=/mnt
net0: name=eth0,bridge=vmbr0,ip=dhcp
memory: 512
swap: 0
tags: infra
"""
BAD = [
    ("corse: 4", "no key 'corse'"),
    ("hostname: web", "no key 'hostname'"),
    ("cores: many", "no whole number"),
    ("cores: 0", "at least 1"),
    ("cores: 1.5", "no whole number"),
    ("onboot: perhaps", "neither yes nor no"),
    ("bios: uefi", "not one of"),
    ("name: not a name", "cannot be used"),
    ("net0: virtio,brdge=vmbr0", "no property 'brdge'"),
    ("net0: bridge=vmbr0", "must be given"),
    ("net32: virtio", "no key 'net32'"),
    ("net00: virtio", "no key 'net00'"),
    ("scsi0: local-lvm:32,ssd=perhaps", "neither yes nor no"),
    ("status: paused", "not one of"),
    ("cipassword: secret", "is a secret"),
    ("password: secret", "is a secret"),
    ("digest: 0123", "kept by Proxmox VE"),
    ("unused0: local-lvm:vm-101-disk-3", "kept by Proxmox VE"),
    ("lock: backup", "kept by Proxmox VE"),
    ('name: ""', "is empty"),
    ("ciuser: |\n  a\n  b", "control character"),
]


@pytest.mark.capability("7.4", "8.6")
def test_good_manifests_pass_both() -> None:
    for kind, text in (("vm", GOOD_VM), ("ct", GOOD_CT)):
        assert not marked(text, kind)
    plain = GOOD_VM.replace("${bridge}", "vmbr0").replace("${disk}", "local:101/vm-101-disk-0.qcow2,size=32G")
    assert wrong(plain.replace("include: [include/base.yml]\n", "")) == []
    assert wrong(GOOD_CT, "ct") == []


@pytest.mark.capability("7.4", "8.6")
@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_manifests_pass_neither(text: str, message: str) -> None:
    (problem,) = wrong(text)
    assert message in problem
    assert marked(text)


def test_the_error_says_where_and_what_to_write() -> None:
    (error,) = problems(resolved("name: web\n\n# c\ncorse: 4\n"))
    assert str(error) == "vm/101.yml:4:8: a vm has no key 'corse'"
    assert error.hint == "did you mean cores?"
    assert (error.code, error.exit_status) == ("manifest", 3)
    assert error.details == {"file": "vm/101.yml", "line": 4, "column": 8, "key": "corse", "value": "4"}
    (secret,) = problems(resolved("cipassword: hunter2\n"))
    assert "hunter2" not in json.dumps(secret.details) + str(secret)
    assert secret.hint == "leave it out; pmpc vm set takes it with --password-from"
    (other,) = problems(resolved("cores: 2\nscsihw: lsi\n", "ct"))
    assert other.hint == "it is a key of a vm; defaults of both kinds hold only what both have"


def test_what_many_inherit_is_wrong_once() -> None:
    files = {"defaults/vm.yml": read_manifest("corse: 2\n", "defaults/vm.yml")}
    resolver, checker, errors = Resolver(files.get), Checker(), list[ManifestError]()
    found = [
        one
        for number in ("101", "102")
        if (manifest := resolver.resolve(read_manifest("", f"vm/{number}.yml", "vm", number), errors)) is not None
        for one in checker.problems(manifest)
    ]
    assert [str(one) for one in found] == ["defaults/vm.yml:1:8: a vm has no key 'corse', of vm 101"]


def test_other_kinds_are_checked_by_what_is_passed_in() -> None:
    pool = resolved("comment: x\n", "pool")

    def refuse(key: str, value: str) -> None:
        raise UsageError(f"{key}: {value} cannot be", hint="write y")

    assert problems(pool) == []
    (error,) = problems(pool, {"pool": refuse})
    assert (error.problem, error.hint, error.code) == ("comment: x cannot be", "write y", "manifest")


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return kind, key and a value that is right, nearly right or wrong for it."""
    kind = draw(st.sampled_from(["vm", "ct"]))
    rules = guest_rules(kind)
    keys = [
        *rules.single,
        *(f"{stem}{number}" for stem, (_, count) in rules.numbered.items() for number in (0, count - 1)),
    ]
    key = draw(st.sampled_from(sorted(keys)))
    rule = rules.find(key)
    assert rule is not None
    return kind, key, draw(_texts(rule))


def _texts(rule: Rule) -> st.SearchStrategy[str]:
    odd = st.sampled_from(
        ["", "x", "1", "0", "-1", "100", "a b", "a,b", "=", ",", "yes", "Off", "1.5", "é", "\x07", "vmbr0"]
    )
    if rule.kind == "bool":
        return st.sampled_from(["0", "1", "yes", "no", "On", "oFF", "true", "FALSE", "2", "maybe"])
    if rule.kind in ("int", "num"):
        near = [str(bound + step) for bound in (rule.low, rule.high) if bound is not None for step in (-1, 0, 1)]
        return st.one_of(st.sampled_from([*near, "5", "1.5", "+7", ".5", "1e3", "0x10", "1_0"]), odd)
    if rule.kind == "choice":
        return st.one_of(st.sampled_from([*rule.choices, rule.choices[0].upper()]), odd)
    if rule.kind != "format":
        return st.one_of(
            odd, st.sampled_from(["web-1", "local:iso/a.iso", "10.0.0.1/24", "0;2-5", "q35", "/dev/ttyS0", "socket"])
        )
    parts = [
        st.one_of(_texts(part), odd).map(lambda text, name=name: f"{name}={text}")  # type: ignore[misc]
        for name, part in rule.properties.items()
        if part.kind != "format"
    ]
    default = [_texts(rule.properties[rule.default_key])] if rule.default_key else []
    one = st.one_of(*parts, *default, odd)
    return st.lists(one, min_size=1, max_size=4).map(",".join)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_schema_never_marks_what_the_check_lets_pass(case: tuple[str, str, str]) -> None:
    kind, key, value = case
    text = new_text(kind, "101", {key: value})
    if not CHECKER._wrong(kind, key, value):
        assert not marked(text, kind), (kind, key, value)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_what_the_check_refuses_the_schema_marks_but_for_what_it_cannot_see(case: tuple[str, str, str]) -> None:
    kind, key, value = case
    problem = CHECKER._wrong(kind, key, value)
    unseen = ("given twice", "is no size", "at least", "at most")
    if problem is not None and not any(part in problem[0] for part in unseen):
        assert marked(new_text(kind, "101", {key: value}), kind), (kind, key, value, problem)


def test_schemas_are_written_beside_the_manifests(tmp_path: Path) -> None:
    assert write_schemas(tmp_path) == 2
    assert write_schemas(tmp_path) == 0
    for kind in ("vm", "ct"):
        schema = json.loads((tmp_path / ".schema" / f"{kind}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["cores"]["description"]
