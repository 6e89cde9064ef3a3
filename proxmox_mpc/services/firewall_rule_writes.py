"""Changing firewall rules at every level.

Rules are numbered from 0 in the order in which they are tried, and PVE names them by that number only: every change is
guarded by the list's digest, so that nobody else's rule is hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value
from proxmox_mpc.domain.json import JsonObject, boolean, integer
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Take, Target, Undo
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, PmpcError, UsageError
from proxmox_mpc.services.firewall import Level
from proxmox_mpc.services.firewall_lockout import cuts
from proxmox_mpc.services.firewall_rule import (
    RULE_KEYS,
    checked_rule,
    digest_of,
    essence,
    form_of,
    in_words,
    is_so,
    no_place,
    rule_at,
    rule_target,
    rules_of,
)
from proxmox_mpc.services.setting_tables import Given, as_form, checked_deletes, gathered


def create_rule(
    source: Source, level: Level, options: Mapping[str, Given], pairs: Sequence[str] = (), *, at: int | None = None
) -> Plan:
    """Plan a new rule; PVE puts it first, or at the place that is asked for."""
    form = checked_rule(source, level, gathered(RULE_KEYS, options, pairs))
    rules = rules_of(source, level)
    if at is not None and at > len(rules):
        raise no_place(level, at, len(rules))
    like = next((rule for rule in rules if all(is_so(rule, key, form.get(key)) for key in RULE_KEYS.names())), None)
    target = rule_target(level, at or 0)
    if like is not None:
        place = integer(like, "pos") or 0
        return Plan("create", (Keep(rule_target(level, place), f"rule {place} says so already"),))
    steps = _insertion(level, target, form, at or 0, rules)
    return Plan("create", (*steps, _count_probe(level, target, len(rules) + 1)), notes=cuts(level, form))


def _insertion(
    level: Level, target: Target, form: Mapping[str, FormValue], at: int, rules: list[JsonObject]
) -> list[Step]:
    """Return the steps that put a rule at a place.

    PVE puts a new rule before all others, whatever place is asked for: it is made there switched off, moved, and
    switched on where it belongs, so that it never works in the wrong place.
    """
    digest = digest_of(rules)
    guard: dict[str, FormValue] = {"digest": digest} if digest else {}
    first = {**form, "enable": 0} if at else {**form}
    create = Send(
        Call("POST", level.rules, {**first, **guard}),
        target,
        "config",
        f"create rule {at} of {level.named}: {in_words(form)}",
        # The steps that follow change the list too: then it cannot tell whether somebody else has.
        before=None if at else {"list": [*rules]},
        watch=None if at else level.rules,
        undo=Undo((Send(Call("DELETE", f"{level.rules}/0"), target, "rule_delete", "delete the rule again"),)),
    )
    if not at:
        return [create]
    seen = Slot("digest", "the digest after the step before")

    def look(source: Source, _known: Known, _refused: frozenset[Value]) -> Value:
        now = rules_of(source, level)
        if len(now) != len(rules) + 1 or [essence(rule) for rule in now[1:]] != [essence(rule) for rule in rules]:
            raise Conflict(
                f"the rules of {level.named} were changed by somebody else", hint="look at them, then repeat"
            )
        return digest_of(now) or ""

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
    rules = rules_of(source, level)
    now = rule_at(level, rules, pos)
    whole = {key: as_form(RULE_KEYS, key, now[key]) for key in RULE_KEYS.names() if now.get(key) not in (None, "")}
    checked_rule(source, level, {**{key: value for key, value in whole.items() if key not in gone}, **form})
    return Plan(action, (_changed(level, rules, pos, form, gone),), notes=cuts(level, form))


def switch_rules(source: Source, level: Level, places: Sequence[int], *, on: bool) -> Plan:
    """Plan to switch rules on or off; of several no digest is checked, since each change makes another one."""
    rules = rules_of(source, level)
    steps: list[Step] = []
    for pos in dict.fromkeys(places):
        rule_at(level, rules, pos)
        steps.append(_changed(level, rules, pos, {"enable": int(on)}, [], guarded=len(places) == 1))
    return Plan("enable" if on else "disable", tuple(steps), many=len(places) > 1)


def move_rule(source: Source, level: Level, pos: int, to: int) -> Plan:
    """Plan to move a rule so that it stands at another place."""
    rules = rules_of(source, level)
    rule_at(level, rules, pos)
    if to >= len(rules):
        raise no_place(level, to, len(rules) - 1)
    target = rule_target(level, pos)
    if to == pos:
        return Plan("move", (Keep(target, "it stands there already"),))

    def call(at: int, place: int, digest: str | None) -> Call:
        # PVE puts the rule before the one that stands at moveto: one further down when it moves down.
        form: dict[str, FormValue] = {"moveto": place + 1 if place > at else place}
        return Call("PUT", f"{level.rules}/{at}", form | ({"digest": digest} if digest else {}))

    wanted = [essence(rule) for rule in rules]
    wanted.insert(to, wanted.pop(pos))
    back = Send(call(to, pos, None), target, "config", f"move rule {to} of {level.named} back to {pos}")
    send = Send(
        call(pos, to, digest_of(rules)),
        target,
        "config",
        f"move rule {pos} of {level.named} to {to}",
        before={"list": [*rules]},
        watch=level.rules,
        expects={"list": [*wanted]},
        undo=Undo((back,)),
    )

    def check(source: Source, _known: Known) -> str | None:
        now = [essence(rule) for rule in rules_of(source, level)]
        return None if now == wanted else "the rules stand in another order"

    return Plan("move", (send, Probe(f"the rule stands at {to}", check, target, 5.0)))


def delete_rules(source: Source, level: Level, places: Sequence[int]) -> Plan:
    """Plan to delete rules, the last ones first, so that the numbers of the others hold."""
    rules = rules_of(source, level)
    target_of = {pos: rule_target(level, pos) for pos in places}
    steps: list[Step] = []
    # One lane, since what is deleted first changes where the others stand.
    lane = Target("rule", f"{level.label} {','.join(str(pos) for pos in sorted(target_of))}")
    left = [*rules]
    for pos in sorted(target_of, reverse=True):
        now = rule_at(level, rules, pos)
        before, left = left, left[:pos] + left[pos + 1 :]
        form = form_of(now)
        back = [Send(Call("POST", level.rules, {**form, "enable": 0}), lane, "config", f"create rule {pos} again")]
        if pos:
            moved = Call("PUT", f"{level.rules}/0", {"moveto": pos + 1})
            back.append(Send(moved, lane, "config", f"move it to place {pos}"))
        if boolean(now, "enable"):
            back.append(Send(Call("PUT", f"{level.rules}/{pos}", {"enable": 1}), lane, "config", "switch it on"))
        digest = digest_of(rules) if len(target_of) == 1 else None
        steps.append(
            Send(
                Call("DELETE", f"{level.rules}/{pos}", {"digest": digest} if digest else {}),
                lane,
                "rule_delete",
                f"delete rule {pos} of {level.named}: {in_words(form)}",
                before={"list": [*before]},
                watch=level.rules,
                expects={"list": [essence(rule) for rule in left]},
                undo=Undo(tuple(back)),
            )
        )
    steps.append(_count_probe(level, lane, len(rules) - len(target_of)))
    return Plan("delete", tuple(steps))


def _changed(
    level: Level,
    rules: list[JsonObject],
    pos: int,
    form: Mapping[str, FormValue],
    gone: Sequence[str],
    *,
    guarded: bool = True,
) -> Step:
    now, target = rules[pos], rule_target(level, pos)
    wanted = {key: value for key, value in form.items() if not is_so(now, key, value)}
    taken = [key for key in gone if now.get(key) not in (None, "")]
    if not wanted and not taken:
        return Keep(target, f"rule {pos} of {level.named} is so already")
    path = f"{level.rules}/{pos}"
    before: JsonObject = {key: now.get(key) for key in (*wanted, *taken)}
    sent = {**wanted, **({"delete": ",".join(taken)} if taken else {})}
    if guarded and (digest := digest_of(rules)):
        sent["digest"] = digest
    back: dict[str, FormValue] = {k: as_form(RULE_KEYS, k, v) for k, v in before.items() if v is not None}
    new = [key for key, value in before.items() if value is None and key != "enable"]
    back |= {"delete": ",".join(new)} if new else {}
    back |= {"enable": 0} if "enable" in before and before["enable"] is None else {}
    undo = Undo((Send(Call("PUT", path, back), target, "config", f"put rule {pos} of {level.named} back", watch=path),))
    says = f"change rule {pos} of {level.named}: {in_words(wanted)}{''.join(f', no {key}' for key in taken)}"
    return Send(Call("PUT", path, sent), target, "config", says, before=before, watch=path, undo=undo)


def _count_probe(level: Level, target: Target, wanted: int) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        try:
            count = len(rules_of(source, level))
        except PmpcError as error:
            return error.message
        return None if count == wanted else f"{level.named} has {count} rules, not {wanted}"

    return Probe(f"{level.named} has {wanted} rules", check, target, 5.0)
