"""The simulator's JSON types; it shares none with the client, so that the two cannot agree on a mistake."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
JsonObject: TypeAlias = dict[str, Json]
Config: TypeAlias = dict[str, str | int | float]
"""One guest's settings as PVE stores them: property strings, and numbers where the API answers with numbers."""
