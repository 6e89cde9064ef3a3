"""What could not be said in code, and why: nothing is left out silently."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field

Sort: TypeAlias = Literal["object", "key", "ignored"]
LEFT_FIELDS = (
    Field("kind", "string", "vm, ct, pool, storage …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "its name"),
    Field("key", "string?", "PVE's key that is concerned; null: the object as a whole"),
    Field(
        "sort",
        "string",
        "object: no code was made for it; key: this key is not in the code; ignored: it is, and changes of it are "
        "ignored by the tool",
        choices=("object", "key", "ignored"),
    ),
    Field("reason", "string", "why"),
)


class Left(NamedTuple):
    """One thing that was left out, or whose changes are ignored."""

    kind: str
    ident: str
    name: str | None
    key: str | None
    sort: Sort
    reason: str

    def row(self) -> JsonObject:
        """Return it as a row of LEFT_FIELDS."""
        return {
            "kind": self.kind,
            "id": self.ident,
            "name": self.name,
            "key": self.key,
            "sort": self.sort,
            "reason": self.reason,
        }
