"""Creating, changing and deleting what is alike in the API: pools, users, storages, zones, jobs.

An object is made by POST to a collection, changed by PUT and deleted by DELETE on its own path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect, Facts
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, NotFound, PermissionDenied, PmpcError
from proxmox_mpc.services.setting_tables import Keys, as_form, same

_PATIENCE = 5.0
Check: TypeAlias = Callable[[Source, Known], str | None]


@dataclass(frozen=True, slots=True)
class Noun:
    """What pmpc must know of one kind of object.

    ``collection`` and ``id_key``: where it is created, and the parameter that names it. ``digest``: its changes are
    guarded by one. ``deletes``: PUT takes ``delete``; without it a setting is emptied. ``fixed`` goes along with every
    creation, ``kept`` with every change (what PVE asks for again). ``shape`` brings what is read into the form of
    what is sent.
    """

    kind: str
    collection: str
    id_key: str
    keys: Keys
    listed: str
    add: Effect = "add"
    change: Effect = "config"
    remove: Effect = "remove"
    digest: bool = True
    deletes: bool = True
    fixed: Mapping[str, FormValue] | None = None
    kept: tuple[str, ...] = ()
    restorable: bool = True
    node: str | None = None
    shape: Callable[[JsonObject], JsonObject] | None = None

    def path(self, ident: str) -> str:
        """Return an object's own path."""
        return self.collection + api_path(ident)

    def target(self, ident: str) -> Target:
        """Return the object as the target of a step."""
        return Target(self.kind, ident, None, self.node)

    def missing(self, ident: str) -> NotFound:
        """Return the error for an object that does not exist."""
        return NotFound(f"there is no {self.kind} {ident!r}", hint=self.listed, details={self.kind: ident})


def existing(source: Source, noun: Noun, ident: str) -> JsonObject | None:
    """Return an object as it stands, None where there is none."""
    try:
        found = source.read(noun.path(ident))
    except NotFound as error:
        if error.details.get("status") == 501:
            raise
        return None
    row: JsonObject = found if isinstance(found, dict) else {"list": found}
    return noun.shape(row) if noun.shape is not None else row


def create(
    source: Source,
    noun: Noun,
    ident: str,
    form: Mapping[str, FormValue],
    *,
    if_missing: bool = False,
    facts: Facts | None = None,
    notes: tuple[str, ...] = (),
) -> Plan:
    """Return the plan that creates an object; raises AlreadyExists, with ``if_missing`` it stays as it is."""
    return Plan("create", creation(source, noun, ident, form, if_missing=if_missing, facts=facts), notes=notes)


def creation(
    source: Source,
    noun: Noun,
    ident: str,
    form: Mapping[str, FormValue],
    *,
    if_missing: bool = False,
    facts: Facts | None = None,
) -> tuple[Step, ...]:
    """Return the steps that create an object and read it back."""
    target = noun.target(ident)
    try:
        there = existing(source, noun, ident)
    except PermissionDenied:
        # Who may create may still not look; then PVE says whether it is taken.
        there = None
    if there is not None:
        if if_missing:
            return (Keep(target, f"{target.label} exists already"),)
        hint = f"{noun.listed}; --if-missing leaves it as it is"
        raise AlreadyExists(f"there is a {noun.kind} {ident!r} already", hint=hint)
    whole: dict[str, FormValue] = {noun.id_key: ident, **(noun.fixed or {}), **form}
    undo = Undo((Send(Call("DELETE", noun.path(ident)), target, noun.remove, f"delete {target.label}"),))
    send = Send(
        Call("POST", noun.collection, whole),
        target,
        noun.add,
        f"create {target.label}",
        facts or Facts(),
        watch=noun.path(ident),
        undo=undo,
    )
    return send, Probe(f"{target.label} exists", is_there(noun, ident), target, _PATIENCE)


def change(
    source: Source,
    noun: Noun,
    ident: str,
    form: Mapping[str, FormValue],
    deletes: Sequence[str] = (),
    *,
    facts: Facts | None = None,
    notes: tuple[str, ...] = (),
    action: str = "set",
    effect: Effect | None = None,
) -> Plan:
    """Return the plan that changes an object's settings, only where they differ; raises NotFound."""
    now = existing(source, noun, ident)
    if now is None:
        raise noun.missing(ident)
    return Plan(action, (changed(noun, ident, now, form, deletes, facts=facts, effect=effect),), notes=notes)


def changed(
    noun: Noun,
    ident: str,
    now: JsonObject,
    form: Mapping[str, FormValue],
    deletes: Sequence[str] = (),
    *,
    facts: Facts | None = None,
    effect: Effect | None = None,
    path: str | None = None,
) -> Step:
    """Return the step that changes what differs from ``now``; Keep where nothing does."""
    target = noun.target(ident)
    where = path or noun.path(ident)
    wanted = {key: value for key, value in form.items() if not same(noun.keys, key, now.get(key), value)}
    gone = [key for key in deletes if now.get(key) not in (None, "")]
    if not wanted and not gone:
        return Keep(target, f"{target.label} is so already")
    before: JsonObject = {key: now.get(key) for key in (*wanted, *gone)}
    kept = {key: as_form(noun.keys, key, now[key]) for key in noun.kept if key in now and key not in wanted}
    sent: dict[str, FormValue] = {**kept, **wanted, **emptied(noun, gone)}
    if noun.digest and (digest := text(now, "digest")):
        sent["digest"] = digest
    return Send(
        Call("PUT", where, sent),
        target,
        effect or noun.change,
        f"change {', '.join((*wanted, *gone))} of {target.label}",
        facts or Facts(),
        before=before,
        watch=where,
        undo=_put_back(noun, where, target, before, kept, effect or noun.change),
    )


def emptied(noun: Noun, gone: Sequence[str]) -> dict[str, FormValue]:
    """Return the parameters that take settings away."""
    if not gone:
        return {}
    if noun.deletes:
        return {"delete": ",".join(gone)}
    return {key: _nothing(noun, key) for key in gone}


def _nothing(noun: Noun, key: str) -> FormValue:
    rule = noun.keys.rules.find(key)
    return 0 if rule is not None and rule.kind in ("int", "num", "bool") else ""


def _put_back(
    noun: Noun, path: str, target: Target, before: JsonObject, kept: Mapping[str, FormValue], effect: Effect
) -> Undo:
    if noun.keys.secret & before.keys():
        return Undo(why_not="the secret that was set before cannot be read")
    form: dict[str, FormValue] = {k: as_form(noun.keys, k, v) for k, v in before.items() if v is not None}
    form |= emptied(noun, [key for key, value in before.items() if value is None])
    says = f"put the settings of {target.label} back"
    return Undo((Send(Call("PUT", path, {**kept, **form}), target, effect, says, watch=path),))


def delete(
    source: Source,
    noun: Noun,
    idents: Sequence[str],
    *,
    ignore_missing: bool = False,
    form: Mapping[str, FormValue] | None = None,
    many: bool | None = None,
    facts: Callable[[str, JsonObject], Facts] | None = None,
    why_not: str = "",
    notes: tuple[str, ...] = (),
) -> Plan:
    """Return the plan that deletes objects; raises NotFound, with ``ignore_missing`` those are left out."""
    steps: list[Step] = []
    for ident in dict.fromkeys(idents):
        now = existing(source, noun, ident)
        if now is None:
            if not ignore_missing:
                raise noun.missing(ident)
            steps.append(Keep(noun.target(ident), "there is none"))
            continue
        steps += deletion(noun, ident, now, form, facts=facts(ident, now) if facts else Facts(), why_not=why_not)
    return Plan("delete", tuple(steps), many=len(idents) > 1 if many is None else many, notes=notes)


def deletion(
    noun: Noun,
    ident: str,
    now: JsonObject,
    form: Mapping[str, FormValue] | None = None,
    *,
    facts: Facts | None = None,
    why_not: str = "",
) -> tuple[Step, ...]:
    """Return the steps that delete an object and look that it is gone."""
    target = noun.target(ident)
    send = Send(
        Call("DELETE", noun.path(ident), dict(form or {})),
        target,
        noun.remove,
        f"delete {target.label}",
        facts or Facts(),
        before=now,
        watch=noun.path(ident),
        undo=Undo(why_not=why_not) if why_not else restored(noun, ident, now),
    )
    return send, Probe(f"{target.label} is gone", is_gone(noun, ident), target, _PATIENCE)


def restored(noun: Noun, ident: str, now: JsonObject) -> Undo:
    """Return how a deleted object is created again from what it was."""
    if not noun.restorable or noun.keys.secret & now.keys():
        return Undo(why_not="it holds what cannot be read back")
    known = noun.keys.rules
    form: dict[str, FormValue] = {noun.id_key: ident, **(noun.fixed or {})}
    form |= {
        key: as_form(noun.keys, key, value)
        for key, value in now.items()
        if known.find(key) is not None and value not in (None, "")
    }
    target = noun.target(ident)
    return Undo((Send(Call("POST", noun.collection, form), target, noun.add, f"create {target.label} again"),))


def is_there(noun: Noun, ident: str) -> Callable[[Source, Known], str | None]:
    """Return the check that an object exists."""

    def check(source: Source, known: Known) -> str | None:
        return _seen(source, noun, ident, "it is not there", True)

    return check


def is_gone(noun: Noun, ident: str) -> Callable[[Source, Known], str | None]:
    """Return the check that an object does not exist any more."""

    def check(source: Source, known: Known) -> str | None:
        return _seen(source, noun, ident, "it is still there", False)

    return check


def _seen(source: Source, noun: Noun, ident: str, otherwise: str, wanted: bool) -> str | None:
    try:
        there = existing(source, noun, ident) is not None
    except PermissionDenied:
        return None
    except PmpcError as error:
        return error.message
    return None if there == wanted else otherwise
