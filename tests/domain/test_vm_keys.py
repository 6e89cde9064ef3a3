"""The table of a VM's keys against the schema of the API, and how values are checked and compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.config_rules import Rule, checked, meaning
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import UsageError
from tests.contract.schema import SchemaNode, schema

# Parameters of the creation that are no keys of the configuration.
OF_CREATION = frozenset(
    (
        *("archive", "bwlimit", "force", "ha-managed", "import-working-storage", "live-restore", "node", "pool"),
        *("start", "storage", "unique", "vmid"),
    )
)
PROPERTIES: dict[str, SchemaNode] = {
    key: spec
    for key, spec in schema()["/nodes/{node}/qemu"]["POST"]["parameters"]["properties"].items()
    if key not in OF_CREATION
}


def rule_of(key: str) -> Rule:
    rule = vm_rules().find(key.replace("[n]", "0"))
    assert rule is not None, key
    return rule


def differences(rule: Rule, spec: SchemaNode, what: str) -> list[str]:
    """Say where a rule is not what the schema says of a key or a property."""
    if spec.get("alias") or spec.get("keyAlias"):
        return []
    found = []
    if spec.get("enum") and set(spec["enum"]) != set(rule.choices):
        found.append(f"{what}: choices {rule.choices}, schema {spec['enum']}")
    if (spec.get("type") == "boolean") != (rule.kind == "bool"):
        found.append(f"{what}: {rule.kind}, schema {spec.get('type')}")
    if spec.get("type") in ("integer", "number") and (rule.low, rule.high) != (
        spec.get("minimum"),
        spec.get("maximum"),
    ):
        found.append(f"{what}: {rule.low}..{rule.high}")
    return found


@pytest.mark.capability("2.1", "7.4")
def test_every_key_of_the_schema_is_known_and_no_other() -> None:
    rules = vm_rules()
    assert {*rules.single, *(f"{stem}[n]" for stem in rules.numbered)} == set(PROPERTIES)


@pytest.mark.capability("2.1", "7.4")
@pytest.mark.parametrize("key", sorted(PROPERTIES))
def test_a_key_may_hold_what_the_schema_says(key: str) -> None:
    rule, spec = rule_of(key), PROPERTIES[key]
    parts = spec.get("format")
    if not isinstance(parts, dict):
        assert differences(rule, spec, key) == []
        return
    assert set(rule.properties) == set(parts)
    assert rule.default_key == next((name for name, part in parts.items() if part.get("default_key")), None)
    wanted = {name for name, part in parts.items() if not (part.get("optional") or part.get("alias"))}
    assert rule.required == wanted
    assert set(rule.aliases) == {name for name, part in parts.items() if part.get("alias") or part.get("keyAlias")}
    assert [one for name, part in parts.items() for one in differences(rule.properties[name], part, name)] == []


@pytest.mark.capability("7.4", "9.3")
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("corse", "2", "no setting 'corse'"),
        ("cores", "two", "no whole number"),
        ("cores", "1_000", "no whole number"),
        ("migrate_downtime", "inf", "no number"),
        ("cpulimit", "nan", "no number"),
        ("cpulimit", "\u0661", "no number"),
        ("cores", "0", "at least 1"),
        ("onboot", "maybe", "neither yes nor no"),
        ("bios", "uefi", "not one of seabios, ovmf"),
        ("name", "two words", "cannot be used"),
        ("name", "a\nb", "control character"),
        ("net0", "virtio,vlan=20", "no property 'vlan'"),
        ("net0", "virtio,tag=5000", "at most 4094"),
        ("net0", "bridge=vmbr0", "model must be given"),
        ("net0", "virtio,model=e1000", "given twice"),
        ("scsi0", "local:8,size=", "size has no value"),
        ("scsi31", "local:8", "no setting 'scsi31'"),
        ("scsi00", "local:8", "no setting"),
        ("tags", "pröd", "cannot be used"),
        ("ipconfig0", "ip=10.0.0.5", "ip"),
        ("agent", "1,on", "given twice"),
    ],
)
def test_what_pve_would_refuse_is_refused_here(key: str, value: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        checked(vm_rules(), key, value)
    assert said in error.value.message
    assert key in error.value.message


@pytest.mark.capability("2.1")
def test_values_are_sent_as_pve_takes_them() -> None:
    rules = vm_rules()
    assert checked(rules, "onboot", "yes") == 1
    assert checked(rules, "cores", "4") == 4
    assert checked(rules, "cpulimit", "1.5") == 1.5
    assert checked(rules, "net0", "virtio=BC:24:11:00:00:01,bridge=vmbr0") == "virtio=BC:24:11:00:00:01,bridge=vmbr0"
    assert checked(rules, "description", "two\nlines") == "two\nlines"


@pytest.mark.capability("2.5")
@pytest.mark.parametrize(
    ("key", "one", "other", "same"),
    [
        ("tags", "B;a;a", "a;b", True),
        ("net0", "virtio=bc:24:11:00:00:01,bridge=vmbr0", "bridge=vmbr0,model=virtio,macaddr=BC:24:11:00:00:01", True),
        ("net0", "virtio,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0", False),
        ("scsi0", "file=a:b,size=1G", "a:b,size=1024M", True),
        ("agent", "1", "enabled=yes", True),
        ("memory", "2048", "current=2048", True),
        ("description", "text\n", "text", True),
        ("onboot", "1", "on", True),
        ("name", "web", "Web", False),
    ],
)
def test_two_spellings_mean_the_same(key: str, one: str, other: str, same: bool) -> None:
    assert (meaning(vm_rules(), key, one) == meaning(vm_rules(), key, other)) is same


@given(st.sampled_from([key.replace("[n]", "0") for key in PROPERTIES]), st.text(max_size=60))
def test_any_text_is_taken_or_refused_and_what_is_taken_means_itself(key: str, value: str) -> None:
    try:
        taken = checked(vm_rules(), key, value)
    except UsageError:
        return
    assert meaning(vm_rules(), key, str(taken)) == meaning(vm_rules(), key, value)
