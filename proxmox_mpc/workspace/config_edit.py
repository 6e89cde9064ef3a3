"""config.yml as people change it: checked with line and column, edited without losing a comment, written at once."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError, NotFound
from proxmox_mpc.workspace.config import at_place, read_text
from proxmox_mpc.workspace.files import PRIVATE_FILE, locked, write_private
from proxmox_mpc.workspace.schema import SCHEMA, USER_SCHEMA, Problem, Section, validate
from proxmox_mpc.workspace.yaml_edit import set_value, unset_value
from proxmox_mpc.workspace.yaml_text import BadYamlError, Document, parse


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text holds in normal form, and every problem in it, each with file, line and column."""

    data: JsonObject
    problems: tuple[ConfigError, ...]


def check_text(text: str, path: Path, *, user: bool = False) -> Checked:
    """Parse and check a text as if it stood at ``path``; problems are returned and not raised."""
    try:
        document = parse(text)
    except BadYamlError as problem:
        return Checked({}, (at_place(path, problem.message, problem.mark.line, problem.mark.column),))
    schema: Section = USER_SCHEMA if user else SCHEMA
    data, problems = validate(document.data, schema)
    return Checked(data, tuple(_located(path, document, problem) for problem in problems))


def set_key(path: Path, key: tuple[str, ...], value: Json) -> JsonObject:
    """Put ``value`` at ``key`` and return the checked values; nothing is written if they would be wrong.

    Raises ConfigError.
    """
    return _edit(path, lambda text: set_value(text, key, value))


def unset_key(path: Path, key: tuple[str, ...]) -> JsonObject:
    """Take ``key`` out and return the checked values; raises NotFound where it is not set, and ConfigError."""

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
    with locked(path.parent / "cache" / "config.lock"):
        try:
            edited = change(read_text(path))
        except BadYamlError as problem:
            raise at_place(path, problem.message, problem.mark.line, problem.mark.column) from None
        return replace_text(path, edited)


def _located(path: Path, document: Document, problem: Problem) -> ConfigError:
    places = document.keys if problem.at_key else document.values
    mark = places.get(problem.path) or document.keys.get(problem.path)
    return at_place(path, problem.message, mark.line if mark else 1, mark.column if mark else 1)
