"""Putting guests under high availability, and the rules (PVE 9) or groups (PVE 8) that say where they run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, split_list, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.privileges import release_of
from proxmox_mpc.services.reads import no_such_node, node_states, resources
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, read_keys

RESOURCES, RULES, GROUPS = "/cluster/ha/resources", "/cluster/ha/rules", "/cluster/ha/groups"
_SID = re.compile(r"(vm|ct):(\d+)")
RESOURCE = Noun(
    "ha resource", RESOURCES, "sid",
    read_keys("""
        auto-rebalance bool
        comment text
        failback bool
        group ~name
        max_relocate int(0..)
        max_restart int(0..)
        state started|stopped|enabled|disabled|ignored
    """),
    "pmpc ha resource list",
)  # fmt: skip
RULE = Noun(
    "ha rule", RULES, "rule",
    read_keys("""
        affinity positive|negative
        comment text
        disable bool
        nodes ~hanodes *
        resources ~sids *
        strict bool
        type node-affinity|resource-affinity !
    """),
    "pmpc ha rule list", kept=("type",),
)  # fmt: skip
GROUP = Noun(
    "ha group", GROUPS, "group",
    read_keys("""
        comment text
        nodes ~hanodes *
        nofailback bool
        restricted bool
    """),
    "pmpc ha group list",
)  # fmt: skip


def sid_of(source: Source, named: str) -> str:
    """Return vm:ID or ct:ID for a guest's id, name or sid; raises NotFound."""
    if match := _SID.fullmatch(named):
        guest = find_guest(source, match[2])
        if guest.kind != match[1]:
            raise UsageError(f"{named}: {guest.label} is a {guest.kind}", hint=f"write {guest.kind}:{guest.vmid}")
        return named
    guest = find_guest(source, named)
    return f"{guest.kind}:{guest.vmid}"


def create_resource(
    source: Source, guest: str, options: Mapping[str, Given], pairs: Sequence[str], *, if_missing: bool = False
) -> Plan:
    """Plan to put a guest under high availability; unless told otherwise PVE starts it when it is stopped."""
    sid = sid_of(source, guest)
    form = gathered(RESOURCE.keys, options, pairs)
    if "group" in form:
        _groups_known(source)
    notes = () if "state" in form else (f"high availability keeps {sid} started from then on",)
    return objects.create(source, RESOURCE, sid, form, if_missing=if_missing, notes=notes)


def set_resource(
    source: Source, guest: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a resource; another state starts or stops the guest."""
    form, gone = _asked(RESOURCE, options, pairs, deletes)
    return objects.change(source, RESOURCE, sid_of(source, guest), form, gone)


def delete_resources(
    source: Source, guests: Sequence[str], *, ignore_missing: bool = False, purge: bool = True
) -> Plan:
    """Plan to take guests out of high availability; they go on running; ``purge``: out of rules too."""
    sids = [named if _SID.fullmatch(named) else sid_of(source, named) for named in guests]
    form: dict[str, FormValue] = {} if purge else {"purge": False}
    plan = objects.delete(source, RESOURCE, sids, ignore_missing=ignore_missing, form=form)
    if not purge or _release(source) < 9:
        return plan
    return _with_rules(plan, as_rows(source.read(RULES), "the rules"))


def _with_rules(plan: Plan, rules: Sequence[JsonObject]) -> Plan:
    """Return the plan with the rules restored by its undo, out of which PVE takes the resources.

    A rule that names several of them is not: each comes back by itself, and a rule takes none that is not there.
    """
    doomed = {str(send.target.id) for send in plan.sends()}
    back: dict[str, list[Send]] = {}
    notes = [*plan.notes]
    for rule in rules:
        name, named = text(rule, "rule") or "", split_list(text(rule, "resources"))
        going = [sid for sid in named if sid in doomed]
        if not going:
            continue
        left = [sid for sid in named if sid not in doomed]
        notes.append(f"rule {name} {'loses' if left else 'goes with'} {', '.join(going)}")
        if len(going) > 1:
            notes.append(
                f"undone, the resources come back and rule {name} as it was does not: pmpc ha rule show {name}"
            )
        else:
            back.setdefault(going[0], []).append(_rule_back(name, rule, changed=bool(left)))
    steps = [_undone_too(step, back.get(str(step.target.id), [])) for step in plan.steps]
    return replace(plan, steps=tuple(steps), notes=tuple(notes))


def _rule_back(name: str, rule: JsonObject, *, changed: bool) -> Send:
    target = RULE.target(name)
    if not changed:
        return objects.restored(RULE, name, rule).sends[0]
    form: dict[str, FormValue] = {"type": text(rule, "type"), "resources": text(rule, "resources")}
    return Send(Call("PUT", RULE.path(name), form), target, "config", f"put the resources of rule {name} back")


def _undone_too(step: Step, sends: Sequence[Send]) -> Step:
    if not isinstance(step, Send) or not sends:
        return step
    # Of the same target: the rules come after the resource that they name.
    return replace(step, undo=Undo((*step.undo.sends, *(replace(send, target=step.target) for send in sends))))


def move_resource(source: Source, guest: str, node: str, *, relocate: bool) -> Plan:
    """Plan to ask the manager to migrate a guest (or stop it and start it elsewhere), and wait until it is there."""
    sid = sid_of(source, guest)
    if objects.existing(source, RESOURCE, sid) is None:
        kind = sid.partition(":")[0]
        raise NotFound(f"{sid} is not under high availability", hint=f"pmpc {kind} migrate {guest} --to {node}")
    states = node_states(resources(source))
    if node not in states:
        raise no_such_node(node)
    if states[node] == "offline":
        raise Conflict(f"node {node} is offline", hint="pmpc node list")
    ref = find_guest(source, sid.partition(":")[2])
    target, verb = Target.of(ref), "relocate" if relocate else "migrate"
    if ref.node == node:
        return Plan(verb, (Keep(target, f"it is on {node} already"),))
    path = RESOURCES + api_path(sid, verb)
    back = Send(Call("POST", path, {"node": ref.node}), target, "migrate", f"move {ref.label} back to {ref.node}")
    send = Send(
        Call("POST", path, {"node": node}),
        target,
        "migrate",
        f"ask high availability to {verb} {ref.label} to {node}",
        Facts(running=ref.status == "running", ha=True),
        undo=Undo((back,)),
    )

    def there(source: Source, _known: Known) -> str | None:
        now = find_guest(source, str(ref.vmid)).node
        return None if now == node else f"it is on {now}"

    return Plan(verb, (send, Probe(f"{ref.label} is on {node}", there, target, 600.0)))


def create_rule(
    source: Source, rule: str, options: Mapping[str, Given], pairs: Sequence[str], *, if_missing: bool = False
) -> Plan:
    """Plan a new rule: where resources run (node-affinity), or together and apart (resource-affinity)."""
    _rules_known(source)
    form = gathered(RULE.keys, options, pairs)
    kind = form.get("type")
    needed = {"node-affinity": ("resources", "nodes"), "resource-affinity": ("resources", "affinity")}
    missing = [key for key in needed.get(str(kind), ("type",)) if key not in form]
    if missing:
        raise UsageError(
            f"a rule needs {', '.join(missing)}", hint="--nodes for where, --affinity for together or apart"
        )
    return objects.create(source, RULE, _checked_name(rule), form, if_missing=if_missing)


def set_rule(
    source: Source, rule: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a rule."""
    _rules_known(source)
    form, gone = _asked(RULE, options, pairs, deletes)
    return objects.change(source, RULE, rule, form, gone)


def delete_rules(source: Source, rules: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete rules; the resources stay where they are."""
    _rules_known(source)
    return objects.delete(source, RULE, rules, ignore_missing=ignore_missing)


def create_group(
    source: Source, group: str, options: Mapping[str, Given], pairs: Sequence[str], *, if_missing: bool = False
) -> Plan:
    """Plan a new group of nodes (PVE 8)."""
    _groups_known(source)
    form = gathered(GROUP.keys, options, pairs)
    if "nodes" not in form:
        raise UsageError("a group needs nodes", hint="--nodes pve1:2,pve2:1")
    return objects.create(source, GROUP, _checked_name(group), form, if_missing=if_missing)


def set_group(
    source: Source, group: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a group (PVE 8)."""
    _groups_known(source)
    form, gone = _asked(GROUP, options, pairs, deletes)
    return objects.change(source, GROUP, group, form, gone)


def delete_groups(source: Source, groups: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete groups (PVE 8)."""
    _groups_known(source)
    return objects.delete(source, GROUP, groups, ignore_missing=ignore_missing)


def _asked(
    noun: Noun, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> tuple[dict[str, FormValue], list[str]]:
    form = gathered(noun.keys, options, pairs, creating=False)
    gone = checked_deletes(noun.keys, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="--set KEY=VALUE, --delete KEY")
    return form, gone


def _release(source: Source) -> int:
    return release_of(text(as_object(source.read("/version"), "the version"), "version"))


def _rules_known(source: Source) -> None:
    if _release(source) < 9:
        raise UsageError("high availability has rules from Proxmox VE 9 on", hint="pmpc ha group create …")


def _groups_known(source: Source) -> None:
    if _release(source) >= 9:
        raise UsageError("Proxmox VE 9 has rules in place of groups", hint="pmpc ha rule create …")


def _checked_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]+", name) is None:
        raise UsageError(f"{name[:60]!r} cannot be a name", hint="two or more letters, digits, _ and -, a letter first")
    return name
