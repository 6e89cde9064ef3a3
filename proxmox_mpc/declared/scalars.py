"""What YAML 1.2 stands for in a manifest: PVE's texts.

Numbers keep the text in which they are written (``010`` and ``12:30`` stay), true and false are 1 and 0, null is None.
"""

from __future__ import annotations

from typing import TypeAlias

from proxmox_mpc.declared.manifest import Scalar

Parsed: TypeAlias = dict[str, Scalar | list[Scalar] | dict[str, Scalar]]
"""A file: scalars, lists of scalars, and mappings of scalars by key."""

_WORDS: dict[str, str | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), "1"),
    **dict.fromkeys(("false", "False", "FALSE"), "0"),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


def plain(text: str) -> str | None:
    """Return what an unquoted scalar stands for."""
    return _WORDS.get(text, text)
