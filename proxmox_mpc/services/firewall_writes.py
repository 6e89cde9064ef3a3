"""Changing firewall rules at every level, and the options of a level.

Rules are numbered from 0 in the order in which they are tried, and PVE names them by that number only: every change is
guarded by the list's digest, so that nobody else's rule is hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Take, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.firewall import Level, read_level
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import Given, Keys, as_form, checked_deletes, gathered, read_keys, same

_LOG = "emerg|alert|crit|err|warning|notice|info|debug|nolog"
RULE_KEYS = read_keys(f"""
action ~word
comment text
dest ~fwaddr
dport ~ports
enable bool
icmp-type ~word
iface ~iface
log {_LOG}
macro ~word
proto ~word
source ~fwaddr
sport ~ports
type in|out|forward|group
""")
_OPTIONS: Mapping[str, Keys] = {
    "cluster": read_keys("""
        ebtables bool
        enable bool
        log_ratelimit text
        policy_forward ACCEPT|DROP
        policy_in ACCEPT|REJECT|DROP
        policy_out ACCEPT|REJECT|DROP
    """),
    "node": read_keys(f"""
        enable bool
        log_level_forward {_LOG}
        log_level_in {_LOG}
        log_level_out {_LOG}
        log_nf_conntrack bool
        ndp bool
        nf_conntrack_allow_invalid bool
        nf_conntrack_helpers ~names *
        nf_conntrack_max int(32768..)
        nf_conntrack_tcp_timeout_established int(7875..)
        nf_conntrack_tcp_timeout_syn_recv int(30..60)
        nftables bool
        nosmurfs bool
        protection_synflood bool
        protection_synflood_burst int
        protection_synflood_rate int
        smurf_log_level {_LOG}
        tcp_flags_log_level {_LOG}
        tcpflags bool
    """),
    "guest": read_keys(f"""
        dhcp bool
        enable bool
        ipfilter bool
        log_level_in {_LOG}
        log_level_out {_LOG}
        macfilter bool
        ndp bool
        policy_in ACCEPT|REJECT|DROP
        policy_out ACCEPT|REJECT|DROP
        radv bool
    """),
    "vnet": read_keys(f"""
        enable bool
        log_level_forward {_LOG}
        policy_forward ACCEPT|DROP
    """),
}
_REAL = ("ACCEPT", "DROP", "REJECT")


def create_rule(
    source: Source, level: Level, options: Mapping[str, Given], pairs: Sequence[str] = (), *, at: int | None = None
) -> Plan:
    """Plan a new rule; PVE puts it first, or at the place that is asked for."""
    form = _checked_rule(source, level, gathered(RULE_KEYS, options, pairs))
    rules = _rules(source, level)
    if at is not None and at > len(rules):
        raise _no_place(level, at, len(rules))
    like = next((rule for rule in rules if all(_equal(rule, key, form.get(key)) for key in RULE_KEYS.names())), None)
    target = _target(level, at or 0)
    if like is not None:
        place = integer(like, "pos") or 0
        return Plan("create", (Keep(_target(level, place), f"rule {place} says so already"),))
    steps = _insertion(level, target, form, at or 0, rules)
    return Plan("create", (*steps, _count_probe(level, target, len(rules) + 1)), notes=_cuts(level, form))


def _insertion(
    level: Level, target: Target, form: Mapping[str, FormValue], at: int, rules: list[JsonObject]
) -> list[Step]:
    """Return the steps that put a rule at a place.

    PVE puts a new rule before all others, whatever place is asked for: it is made there switched off, moved, and
    switched on where it belongs, so that it never works in the wrong place.
    """
    digest = _digest(rules)
    guard: dict[str, FormValue] = {"digest": digest} if digest else {}
    first = {**form, "enable": 0} if at else {**form}
    create = Send(
        Call("POST", level.rules, {**first, **guard}),
        target,
        "config",
        f"create rule {at} of {level.named}: {_in_words(form)}",
        # The steps that follow change the list too: then it cannot tell whether somebody else has.
        before=None if at else {"list": [*rules]},
        watch=None if at else level.rules,
        undo=Undo((Send(Call("DELETE", f"{level.rules}/0"), target, "rule_delete", "delete the rule again"),)),
    )
    if not at:
        return [create]
    seen = Slot("digest", "the digest after the step before")

    def look(source: Source, _known: Known, _refused: frozenset[Value]) -> Value:
        now = _rules(source, level)
        if len(now) != len(rules) + 1 or [_essence(rule) for rule in now[1:]] != [_essence(rule) for rule in rules]:
            raise Conflict(
                f"the rules of {level.named} were changed by somebody else", hint="look at them, then repeat"
            )
        return _digest(now) or ""

    call = Call("PUT", f"{level.rules}/0", {"moveto": at + 1, "digest": seen})
    back = Send(Call("PUT", f"{level.rules}/{at}", {"moveto": 0}), target, "config", "move the rule to the top again")
    steps: list[Step] = [
        create,
        Take(seen, look, "see that nobody else has changed the rules", target),
        Send(call, target, "config", f"move it to place {at}", undo=Undo((back,))),
    ]
    if str(form.get("enable")) in ("1", "True"):
        path = f"{level.rules}/{at}"
        off = Send(Call("PUT", path, {"enable": 0}), target, "config", "switch the rule off again")
        steps.append(Send(Call("PUT", path, {"enable": 1}), target, "config", "switch it on", undo=Undo((off,))))
    return steps


def set_rule(
    source: Source,
    level: Level,
    pos: int,
    options: Mapping[str, Given],
    pairs: Sequence[str] = (),
    deletes: Sequence[str] = (),
    *,
    action: str = "set",
) -> Plan:
    """Plan other settings of one rule."""
    form = gathered(RULE_KEYS, options, pairs)
    gone = checked_deletes(RULE_KEYS, deletes, form)
    if not form and not gone:
        raise UsageError(
            "there is nothing to change", hint="name a setting: --dport 443, --set KEY=VALUE, --delete KEY"
        )
    rules = _rules(source, level)
    now = _rule(level, rules, pos)
    whole = {key: as_form(RULE_KEYS, key, now[key]) for key in RULE_KEYS.names() if now.get(key) not in (None, "")}
    _checked_rule(source, level, {**{key: value for key, value in whole.items() if key not in gone}, **form})
    return Plan(action, (_changed(level, rules, pos, form, gone),), notes=_cuts(level, form))


def switch_rules(source: Source, level: Level, places: Sequence[int], *, on: bool) -> Plan:
    """Plan to switch rules on or off; of several no digest is checked, since each change makes another one."""
    rules = _rules(source, level)
    steps: list[Step] = []
    for pos in dict.fromkeys(places):
        _rule(level, rules, pos)
        steps.append(_changed(level, rules, pos, {"enable": int(on)}, [], guarded=len(places) == 1))
    return Plan("enable" if on else "disable", tuple(steps), many=len(places) > 1)


def move_rule(source: Source, level: Level, pos: int, to: int) -> Plan:
    """Plan to move a rule so that it stands at another place."""
    rules = _rules(source, level)
    _rule(level, rules, pos)
    if to >= len(rules):
        raise _no_place(level, to, len(rules) - 1)
    target = _target(level, pos)
    if to == pos:
        return Plan("move", (Keep(target, "it stands there already"),))

    def call(at: int, place: int, digest: str | None) -> Call:
        # PVE puts the rule before the one that stands at moveto: one further down when it moves down.
        form: dict[str, FormValue] = {"moveto": place + 1 if place > at else place}
        return Call("PUT", f"{level.rules}/{at}", form | ({"digest": digest} if digest else {}))

    wanted = [_essence(rule) for rule in rules]
    wanted.insert(to, wanted.pop(pos))
    back = Send(call(to, pos, None), target, "config", f"move rule {to} of {level.named} back to {pos}")
    send = Send(
        call(pos, to, _digest(rules)),
        target,
        "config",
        f"move rule {pos} of {level.named} to {to}",
        before={"list": [*rules]},
        watch=level.rules,
        expects={"list": [*wanted]},
        undo=Undo((back,)),
    )

    def check(source: Source, _known: Known) -> str | None:
        now = [_essence(rule) for rule in _rules(source, level)]
        return None if now == wanted else "the rules stand in another order"

    return Plan("move", (send, Probe(f"the rule stands at {to}", check, target, 5.0)))


def delete_rules(source: Source, level: Level, places: Sequence[int]) -> Plan:
    """Plan to delete rules, the last ones first, so that the numbers of the others hold."""
    rules = _rules(source, level)
    target_of = {pos: _target(level, pos) for pos in places}
    steps: list[Step] = []
    # One lane, since what is deleted first changes where the others stand.
    lane = Target("rule", f"{level.label} {','.join(str(pos) for pos in sorted(target_of))}")
    left = [*rules]
    for pos in sorted(target_of, reverse=True):
        now = _rule(level, rules, pos)
        before, left = left, left[:pos] + left[pos + 1 :]
        form = _form(now)
        back = [Send(Call("POST", level.rules, {**form, "enable": 0}), lane, "config", f"create rule {pos} again")]
        if pos:
            moved = Call("PUT", f"{level.rules}/0", {"moveto": pos + 1})
            back.append(Send(moved, lane, "config", f"move it to place {pos}"))
        if boolean(now, "enable"):
            back.append(Send(Call("PUT", f"{level.rules}/{pos}", {"enable": 1}), lane, "config", "switch it on"))
        digest = _digest(rules) if len(target_of) == 1 else None
        steps.append(
            Send(
                Call("DELETE", f"{level.rules}/{pos}", {"digest": digest} if digest else {}),
                lane,
                "rule_delete",
                f"delete rule {pos} of {level.named}: {_in_words(form)}",
                before={"list": [*before]},
                watch=level.rules,
                expects={"list": [_essence(rule) for rule in left]},
                undo=Undo(tuple(back)),
            )
        )
    steps.append(_count_probe(level, lane, len(rules) - len(target_of)))
    return Plan("delete", tuple(steps))


def set_options(
    source: Source,
    level: Level,
    options: Mapping[str, Given],
    pairs: Sequence[str] = (),
    deletes: Sequence[str] = (),
) -> Plan:
    """Plan other options of a level; switching the cluster's firewall on, or another policy, may cut the management."""
    keys = option_keys(level)
    form = gathered(keys, options, pairs)
    gone = checked_deletes(keys, deletes, form)
    if not form and not gone:
        raise UsageError(
            "there is nothing to change", hint="name a setting: --enable, --policy-in DROP, --set KEY=VALUE"
        )
    path = f"{level.path}/options"
    now = as_object(read_level(source, level, path), "the firewall options")
    noun = Noun("firewall", level.path, "", keys, "")
    cuts = level.kind in ("cluster", "node") and bool({"enable", "policy_in", "nftables"} & {*form, *gone})
    step = objects.changed(
        noun,
        level.label,
        now,
        form,
        gone,
        path=path,
        effect="network" if cuts else "config",
        facts=Facts(touches_management=cuts and _closes(level, form, gone)),
    )
    notes = _way_back(level) if cuts and isinstance(step, Send) else ()
    return Plan("set", (step,), notes=notes)


def option_keys(level: Level) -> Keys:
    """Return the options that a level has; raises UsageError for a security group."""
    kind = "guest" if level.kind in ("vm", "ct") else level.kind
    if kind not in _OPTIONS:
        raise UsageError("a security group has no options", hint="pmpc firewall group show NAME shows its rules")
    return _OPTIONS[kind]


def _closes(level: Level, form: Mapping[str, FormValue], gone: Sequence[str]) -> bool:
    """Whether a change of options can shut the management out: the firewall on, or incoming traffic dropped."""
    on = str(form.get("enable", "")) not in ("", "0") or (level.kind == "node" and "enable" in gone)
    return on or form.get("policy_in") in ("DROP", "REJECT") or "policy_in" in gone


def _way_back(level: Level) -> tuple[str, ...]:
    where = "/etc/pve/firewall/cluster.fw" if level.kind == "cluster" else f"/etc/pve/nodes/{level.name}/host.fw"
    return (
        "should nothing answer afterwards, at the console of a node:",
        "    pve-firewall stop",
        f"    then set enable: 0 in {where}, and: pve-firewall start",
    )


def _cuts(level: Level, form: Mapping[str, FormValue]) -> tuple[str, ...]:
    """Say how to get back in, where a rule of cluster or node that drops could shut the management out."""
    drops = form.get("action") in ("DROP", "REJECT") and form.get("type") != "forward"
    return _way_back(level) if drops and level.kind in ("cluster", "node") else ()


def _changed(
    level: Level,
    rules: list[JsonObject],
    pos: int,
    form: Mapping[str, FormValue],
    gone: Sequence[str],
    *,
    guarded: bool = True,
) -> Step:
    now, target = rules[pos], _target(level, pos)
    wanted = {key: value for key, value in form.items() if not _equal(now, key, value)}
    taken = [key for key in gone if now.get(key) not in (None, "")]
    if not wanted and not taken:
        return Keep(target, f"rule {pos} of {level.named} is so already")
    path = f"{level.rules}/{pos}"
    before: JsonObject = {key: now.get(key) for key in (*wanted, *taken)}
    sent = {**wanted, **({"delete": ",".join(taken)} if taken else {})}
    if guarded and (digest := _digest(rules)):
        sent["digest"] = digest
    back: dict[str, FormValue] = {k: as_form(RULE_KEYS, k, v) for k, v in before.items() if v is not None}
    new = [key for key, value in before.items() if value is None and key != "enable"]
    back |= {"delete": ",".join(new)} if new else {}
    back |= {"enable": 0} if "enable" in before and before["enable"] is None else {}
    undo = Undo((Send(Call("PUT", path, back), target, "config", f"put rule {pos} of {level.named} back", watch=path),))
    says = f"change rule {pos} of {level.named}: {_in_words(wanted)}{''.join(f', no {key}' for key in taken)}"
    return Send(Call("PUT", path, sent), target, "config", says, before=before, watch=path, undo=undo)


def _checked_rule(source: Source, level: Level, form: dict[str, FormValue]) -> dict[str, FormValue]:
    kind, action = form.get("type"), form.get("action")
    if kind is None or action is None:
        raise UsageError("a rule needs type and action", hint="such as: --in ACCEPT --dport 22, or --group-rule NAME")
    if kind == "group":
        if level.kind == "group":
            raise UsageError("a security group cannot hold another one")
        groups = [text(row, "group") for row in as_rows(source.read("/cluster/firewall/groups"), "the security groups")]
        if action not in groups:
            raise NotFound(f"there is no security group {action!r}", hint="pmpc firewall group list")
    elif action not in _REAL:
        raise UsageError(
            f"action: {action!r} is not one of {', '.join(_REAL)}", hint="a security group: --group-rule NAME"
        )
    if kind == "forward" and level.kind in ("vm", "ct"):
        raise UsageError("a guest has no rules for forwarded traffic", hint="cluster, node and vnet have")
    if level.kind == "vnet" and kind not in ("forward", "group"):
        raise UsageError("a vnet has rules for forwarded traffic only", hint="--forward ACCEPT")
    for ports in ("dport", "sport"):
        if ports in form and "proto" not in form and "macro" not in form:
            raise UsageError(f"{ports} needs a protocol", hint="add --proto tcp (or udp, sctp …)")
    if "macro" in form and {"proto", "dport", "sport"} & form.keys():
        raise UsageError("a macro says protocol and ports itself", hint="leave --proto and ports away")
    return form


def _rules(source: Source, level: Level) -> list[JsonObject]:
    rows = as_rows(read_level(source, level, level.rules), f"the rules of {level.label}")
    return sorted(rows, key=lambda row: integer(row, "pos") or 0)


def _rule(level: Level, rules: list[JsonObject], pos: int) -> JsonObject:
    if not 0 <= pos < len(rules):
        raise NotFound(f"{level.named} has no rule {pos}", hint="pmpc firewall rule list shows their numbers")
    return rules[pos]


def _no_place(level: Level, pos: int, last: int) -> UsageError:
    return UsageError(f"{level.named} has no place {pos} for a rule", hint=f"places go from 0 to {last}")


def _digest(rules: list[JsonObject]) -> str | None:
    return text(rules[0], "digest") if rules else None


def _target(level: Level, pos: int) -> Target:
    return Target("rule", f"{level.label} {pos}")


def _equal(rule: JsonObject, key: str, wanted: FormValue) -> bool:
    if key == "enable":
        return boolean(rule, "enable") == (str(wanted) not in ("0", "None", ""))
    now = rule.get(key)
    return now in (None, "") if wanted is None else same(RULE_KEYS, key, now, wanted)


def _essence(rule: JsonObject) -> JsonObject:
    return {key: value for key, value in rule.items() if key not in ("pos", "digest")}


def _form(rule: JsonObject) -> dict[str, FormValue]:
    return {key: as_form(RULE_KEYS, key, rule[key]) for key in RULE_KEYS.names() if rule.get(key) not in (None, "")}


def _in_words(form: Mapping[str, FormValue]) -> str:
    return " ".join(f"{key}={value}" for key, value in form.items()) or "nothing"


def _count_probe(level: Level, target: Target, wanted: int) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        try:
            count = len(_rules(source, level))
        except PmpcError as error:
            return error.message
        return None if count == wanted else f"{level.named} has {count} rules, not {wanted}"

    return Probe(f"{level.named} has {wanted} rules", check, target, 5.0)
