"""config.yml: read once and kept in parsed form while the file is unchanged, changed without losing a comment."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError, NotFound, PmpcError
from proxmox_mpc.workspace.files import PRIVATE_FILE, locked, private_dir, read_plain, write_private

if TYPE_CHECKING:
    from proxmox_mpc.workspace.schema import Problem, Section
    from proxmox_mpc.workspace.yaml_text import Document

_CACHE_FORM = 1
_LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text holds in normal form, and every problem in it, each with file, line and column."""

    data: JsonObject
    problems: tuple[ConfigError, ...]


def load(path: Path, cache: Path, *, user: bool = False) -> JsonObject:
    """Return the checked values of the file at ``path``, ``{}`` where there is none; raises ConfigError with the line.

    ``cache`` is the file of the parsed form. It counts only for the very same text in the very same file, the times
    that no archive can carry included, so a cached form cannot speak for a configuration that nobody has read.
    ``user`` says that it is the user's own file, which holds defaults only.
    """
    found = read_plain(path, _LARGEST)
    if found is None:
        return {}
    text, status = _decode(path, found[0]), found[1]
    key: list[Json] = [_CACHE_FORM, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, text]
    kept = _cached(cache, key)
    if kept is not None:
        return kept
    checked = check_text(text, path, user=user)
    if checked.problems:
        raise checked.problems[0]
    _keep(cache, key, checked.data)
    return checked.data


def read_text(path: Path) -> str:
    """Return the text of the file, empty where there is none; raises ConfigError."""
    found = read_plain(path, _LARGEST)
    return "" if found is None else _decode(path, found[0])


def check_text(text: str, path: Path, *, user: bool = False) -> Checked:
    """Parse and check a text as if it stood at ``path``; problems are returned and not raised."""
    from proxmox_mpc.workspace.schema import SCHEMA, USER_SCHEMA, validate
    from proxmox_mpc.workspace.yaml_text import BadYamlError, parse

    try:
        document = parse(text)
    except BadYamlError as problem:
        return Checked({}, (_error(path, problem.message, problem.mark.line, problem.mark.column),))
    schema: Section = USER_SCHEMA if user else SCHEMA
    data, problems = validate(document.data, schema)
    return Checked(data, tuple(_located(path, document, problem) for problem in problems))


def set_key(path: Path, key: tuple[str, ...], value: Json) -> JsonObject:
    """Put ``value`` at ``key`` and return the checked values; nothing is written if they would be wrong.

    Raises ConfigError.
    """
    from proxmox_mpc.workspace.yaml_edit import set_value

    return _edit(path, lambda text: set_value(text, key, value))


def unset_key(path: Path, key: tuple[str, ...]) -> JsonObject:
    """Take ``key`` out and return the checked values; raises NotFound where it is not set, and ConfigError."""
    from proxmox_mpc.workspace.yaml_edit import unset_value

    def change(text: str) -> str:
        try:
            return unset_value(text, key)
        except KeyError:
            raise NotFound(f"{'.'.join(key)} is not set in {path}") from None

    return _edit(path, change)


def replace_text(path: Path, text: str) -> JsonObject:
    """Write a whole new text if it is right, keeping the file's mode; raises ConfigError, and then nothing changed."""
    checked = check_text(text, path)
    if checked.problems:
        raise checked.problems[0]
    write_private(path, text, stat.S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE_FILE)
    return checked.data


def _edit(path: Path, change: Callable[[str], str]) -> JsonObject:
    from proxmox_mpc.workspace.yaml_text import BadYamlError

    with locked(path.parent / "cache" / "config.lock"):
        try:
            edited = change(read_text(path))
        except BadYamlError as problem:
            raise _error(path, problem.message, problem.mark.line, problem.mark.column) from None
        return replace_text(path, edited)


def _located(path: Path, document: Document, problem: Problem) -> ConfigError:
    places = document.keys if problem.at_key else document.values
    mark = places.get(problem.path) or document.keys.get(problem.path)
    return _error(path, problem.message, mark.line if mark else 1, mark.column if mark else 1)


def _error(path: Path, message: str, line: int, column: int) -> ConfigError:
    details = {"file": str(path), "line": line, "column": column}
    return ConfigError(f"{path}, line {line}, column {column}: {message}", details=details)


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _error(path, "this is not UTF-8", content.count(b"\n", 0, error.start) + 1, 1) from None


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
