"""How plans are written down in the journal, and read back for an undo; no secret is ever among it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from proxmox_mpc.domain.call import Call, FormValue, Joined, Known, Method, Slot, filled_path
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, text
from proxmox_mpc.domain.plan import Send, Target, Undo
from proxmox_mpc.domain.risk import EFFECTS
from proxmox_mpc.errors import PmpcError, Refused

_NOT_SETTINGS = frozenset({"digest", "delete", "revert", "force"})


def target_record(target: Target, known: Known) -> JsonObject:
    """Return a target as it is journalled, its slots filled where they are known."""
    return {
        "kind": target.kind,
        "id": slot_value(target.id, known),
        "name": slot_value(target.name, known),
        "node": slot_value(target.node, known),
        "label": target.label,
    }


def slot_value(value: int | str | Slot | None, known: Known) -> int | str | None:
    """Return what stands in a place: the value, a slot's where it is known, else its preview in brackets."""
    if not isinstance(value, Slot):
        return value
    found = known.get(value.name)
    if isinstance(found, str) and found.isdigit():
        return int(found)
    return found if isinstance(found, (int, str)) else f"<{value.preview}>"


def intent_record(send: Send, call: Call, known: Known, previews: dict[str, str], undoes: int | None) -> JsonObject:
    """Return what is journalled before a call is sent."""
    return {
        "says": send.says,
        "effect": send.effect,
        "target": target_record(send.target, known),
        "call": call.shown(previews),
        "watch": None if send.watch is None else filled_path(send.watch, known),
        "before": send.before,
        "asked": settings_asked(call),
        "expects": send.expects,
        "file": None if call.body is None else {"size": call.body.size, "sha256": call.body.sha256},
        "undo": undo_record(send.undo, known),
        "undoes": undoes,
    }


def undo_record(undo: Undo, known: Known) -> JsonObject:
    """Return an undo with the slots that are known filled in; it cannot be kept where it needs a secret."""
    sends: list[Json] = []
    for send in undo.sends:
        call = send.call.filled(known)
        stored = _stored_form(call)
        if stored is None:
            return {"sends": [], "why_not": "it would need a secret, and secrets are never kept"}
        sends.append(
            {
                "says": send.says,
                "effect": send.effect,
                "target": target_record(send.target, known),
                "call": {"method": call.method, "path": call.path, "form": stored},
            }
        )
    return {"sends": sends, "why_not": undo.why_not if not sends else ""}


def restored_undo(record: JsonObject, known: Known) -> Undo:
    """Return an undo as it was journalled, further slots filled; raises Refused for what cannot be used any more."""
    sends: list[Send] = []
    for row in as_rows(record.get("sends") or []):
        call = as_object(row.get("call"))
        target = as_object(row.get("target"))
        made = Call(_method(call), text(call, "path") or "", _restored_form(as_object(call.get("form") or {}))).filled(
            known
        )
        effect = next((one for one in EFFECTS if one == text(row, "effect")), None)
        if effect is None or made.open_slots:
            raise Refused("what is needed to undo it was never learnt: the answer was lost")
        sends.append(Send(made, _restored_target(target), effect, text(row, "says") or ""))
    return Undo(tuple(sends), text(record, "why_not") or "")


def _restored_target(row: JsonObject) -> Target:
    found = row.get("id")
    ident = found if isinstance(found, (int, str)) else ""
    return Target(text(row, "kind") or "", ident, text(row, "name"), text(row, "node"))


def settings_asked(call: Call) -> JsonObject:
    """Return the plain settings that a call asks for, for a look at what became of them."""
    form: JsonObject = {}
    for key, value in call.form.items():
        if key in _NOT_SETTINGS or value is None or isinstance(value, (Secret, Slot, Joined)):
            continue
        form[key] = value if isinstance(value, (str, int, float)) else [*value]
    deleted = call.form.get("delete")
    if isinstance(deleted, str):
        form |= {key.strip(): None for key in deleted.split(",") if key.strip()}
    elif isinstance(deleted, Sequence):
        form |= {key: None for key in deleted if isinstance(key, str)}
    return form


def error_record(error: PmpcError) -> JsonObject:
    """Return an error as it is journalled."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _method(call: JsonObject) -> Method:
    found = text(call, "method")
    methods: tuple[Method, ...] = get_args(Method)
    method = next((one for one in methods if one == found), None)
    if method is None:
        raise Refused("the journal holds a call that nobody could have sent")
    return method


def _stored_form(call: Call) -> JsonObject | None:
    form: JsonObject = {}
    for key, value in call.form.items():
        stored = _stored(value)
        if isinstance(value, Secret) or (isinstance(stored, dict) and "secret" in stored):
            return None
        form[key] = stored
    return form


def _stored(value: FormValue) -> Json:
    if isinstance(value, Slot):
        return {"slot": value.name, "preview": value.preview}
    if isinstance(value, Joined):
        if any(isinstance(part, Secret) for part in value.parts):
            return {"secret": True}
        return {"joined": [_stored(part) for part in value.parts]}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return None if isinstance(value, Secret) else [*value]


def _restored_form(form: JsonObject) -> dict[str, FormValue]:
    return {key: _restored(value) for key, value in form.items()}


def _restored(value: Json) -> FormValue:
    if isinstance(value, dict):
        if "slot" in value:
            return Slot(str(value["slot"]), str(value.get("preview")))
        parts = value.get("joined")
        found = [_restored(part) for part in parts] if isinstance(parts, list) else []
        return Joined(tuple(part for part in found if isinstance(part, (str, Slot))))
    return [str(one) for one in value] if isinstance(value, list) else value
