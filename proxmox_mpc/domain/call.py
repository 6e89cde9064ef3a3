"""A write as a value: what would be sent, decided before anything is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.slot import Slot

Method: TypeAlias = Literal["POST", "PUT", "DELETE"]
Value: TypeAlias = Param | Secret
Known: TypeAlias = Mapping[str, Value]
"""The values of slots, by the slots' names."""

__all__ = ["Call", "FileBody", "FormValue", "Joined", "Known", "Method", "Slot", "Value", "filled_path"]

_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_.:-]*)\}")


@dataclass(frozen=True, slots=True)
class Joined:
    """A text with slots or secrets in it: ``Joined(("vm-", Slot("vmid", "…"), "-disk-0"))``."""

    parts: tuple[str | Slot | Secret, ...]


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file to upload: streamed, journalled by its digest, never sent twice. ``sha256`` is in hex, ``size`` in bytes.

    ``name`` is what the file is called on the server; ``progress`` is told how many bytes of how many are sent.
    """

    path: Path
    name: str
    size: int
    sha256: str
    progress: Callable[[int, int], None] | None = field(default=None, compare=False, repr=False)


FormValue: TypeAlias = Param | Secret | Slot | Joined


@dataclass(frozen=True, slots=True)
class Call:
    """One writing request: a path made by ``api_path``, and its parameters; ``Secret`` values print as ``***``."""

    method: Method
    path: str
    form: Mapping[str, FormValue] = field(default_factory=dict)
    body: FileBody | None = None

    def filled(self, known: Known) -> Call:
        """Return the call with every slot whose value is known filled in; the others stay."""
        form = {key: _filled(value, known) for key, value in self.form.items()}
        return Call(self.method, filled_path(self.path, known), form, self.body)

    @property
    def open_slots(self) -> frozenset[str]:
        """The names of the slots that are still to be filled."""
        slots = set(_PLACE.findall(self.path))
        for value in self.form.values():
            if isinstance(value, Slot):
                slots.add(value.name)
            elif isinstance(value, Joined):
                slots |= {part.name for part in value.parts if isinstance(part, Slot)}
        return frozenset(slots)

    @property
    def params(self) -> dict[str, Value]:
        """The parameters as they will be sent; raises ValueError while a slot is open, which is a mistake of ours."""
        if self.open_slots:
            raise ValueError(f"{self.method} {self.path} still has open slots: {', '.join(sorted(self.open_slots))}")
        return {key: value for key, value in self.form.items() if not isinstance(value, (Slot, Joined))}

    def shown(self, previews: Mapping[str, str] | None = None) -> JsonObject:
        """Return method, path and params for people and the journal: previews for slots, ``***`` for secrets."""
        seen = previews or {}
        path = _PLACE.sub(lambda match: f"<{seen.get(match[1], match[1])}>", self.path)
        params: JsonObject = {key: _shown(value) for key, value in self.form.items() if value is not None}
        if self.body is not None:
            params["filename"] = self.body.name
        return {"method": self.method, "path": path, "params": params}


def filled_path(path: str, known: Known) -> str:
    """Return a path with the slots whose values are known filled in, percent-encoded."""

    def fill(match: re.Match[str]) -> str:
        return quote(_text(known[match[1]]), safe="") if match[1] in known else match[0]

    return _PLACE.sub(fill, path)


def _filled(value: FormValue, known: Known) -> FormValue:
    if isinstance(value, Slot):
        return known.get(value.name, value)
    if not isinstance(value, Joined):
        return value
    parts = [_part(part, known) for part in value.parts]
    if any(isinstance(part, Slot) for part in parts):
        return Joined(tuple(parts))
    text = "".join(part.reveal() if isinstance(part, Secret) else str(part) for part in parts)
    return Secret(text) if any(isinstance(part, Secret) for part in parts) else text


def _part(part: str | Slot | Secret, known: Known) -> str | Slot | Secret:
    if not isinstance(part, Slot) or part.name not in known:
        return part
    value = known[part.name]
    return value if isinstance(value, Secret) else _text(value)


def _text(value: Value) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _shown(value: FormValue) -> Json:
    if isinstance(value, Slot):
        return f"<{value.preview}>"
    if isinstance(value, Joined):
        return "".join(f"<{part.preview}>" if isinstance(part, Slot) else str(part) for part in value.parts)
    if isinstance(value, Secret):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    return [*value]
