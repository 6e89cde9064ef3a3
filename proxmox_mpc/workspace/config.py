"""config.yml as a command reads it: parsed once, its parsed form kept and used while the file is unchanged."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError, PmpcError
from proxmox_mpc.workspace.files import private_dir, read_plain, write_private

_CACHE_FORM = 1
_LARGEST = 256 * 1024


def load(path: Path, cache: Path, *, user: bool = False) -> JsonObject:
    """Return the checked values of the file at ``path``, ``{}`` where there is none; raises ConfigError with the line.

    ``cache`` is the file of the parsed form. It counts only for the very same text in the very same file, the times
    that no archive can carry included, so a cached form cannot speak for a configuration that nobody has read.
    ``user`` says that it is the user's own file, which holds defaults only.
    """
    found = read_plain(path, _LARGEST)
    if found is None:
        return {}
    text, status = decode(path, found[0]), found[1]
    key: list[Json] = [_CACHE_FORM, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, text]
    kept = _cached(cache, key)
    if kept is not None:
        return kept
    from proxmox_mpc.workspace.config_edit import check_text

    checked = check_text(text, path, user=user)
    if checked.problems:
        raise checked.problems[0]
    _keep(cache, key, checked.data)
    return checked.data


def read_text(path: Path) -> str:
    """Return the text of the file, empty where there is none; raises ConfigError."""
    found = read_plain(path, _LARGEST)
    return "" if found is None else decode(path, found[0])


def at_place(path: Path, message: str, line: int, column: int) -> ConfigError:
    """Return the error for a place in a file; line and column count from 1."""
    details = {"file": str(path), "line": line, "column": column}
    return ConfigError(f"{path}, line {line}, column {column}: {message}", details=details)


def decode(path: Path, content: bytes) -> str:
    """Return the text of a configuration file; raises ConfigError with the line that is no UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise at_place(path, "this is not UTF-8", content.count(b"\n", 0, error.start) + 1, 1) from None


def _cached(cache: Path, key: list[Json]) -> JsonObject | None:
    try:
        found = read_plain(cache)
        kept = json.loads(found[0]) if found else None
    except (PmpcError, ValueError):
        return None
    if isinstance(kept, dict) and kept.get("key") == key and isinstance(kept.get("data"), dict):
        data: JsonObject = kept["data"]
        return data
    return None


def _keep(cache: Path, key: list[Json], data: JsonObject) -> None:
    # A workspace on a read-only disk is slower by this, and works.
    with suppress(PmpcError):
        private_dir(cache.parent)
        write_private(cache, json.dumps({"key": key, "data": data}))
