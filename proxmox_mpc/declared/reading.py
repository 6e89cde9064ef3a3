"""Reads one file below infra/ into a Manifest, and says what is wrong with it in the words of its author."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from proxmox_mpc.declared.manifest import GUESTS, RESERVED, TRACKED, Manifest, Scalar
from proxmox_mpc.declared.scalars import Parsed
from proxmox_mpc.declared.yaml_lines import read_lines
from proxmox_mpc.errors import ManifestError, WorkspaceError

_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


def read_text(infra: Path, path: str) -> str | None:
    """Return the text of a file below infra/, None where there is none; raises ManifestError."""
    from proxmox_mpc.workspace.files import read_plain

    try:
        found = read_plain(infra / path)
    except WorkspaceError as error:
        raise ManifestError(str(error.message), file=path, remedy=error.hint) from error
    if found is None:
        return None
    try:
        return found[0].decode()
    except UnicodeDecodeError as error:
        line = found[0].count(b"\n", 0, error.start) + 1
        raise ManifestError("the file is not UTF-8", file=path, line=line, remedy="save it as UTF-8") from None


def read_manifest(text: str, path: str, kind: str = "", ident: str = "") -> Manifest:
    """Return the manifest that a text is; raises ManifestError."""
    made = build(parsed(text, path), path, kind, ident)
    made.text = text
    return made


def parsed(text: str, path: str) -> Parsed:
    """Return the scalars of a text; raises ManifestError, also for the marks that git leaves in a conflict."""
    found = read_lines(text)
    if found is not None:
        return found
    from proxmox_mpc.declared.yaml_nodes import read_nodes
    from proxmox_mpc.workspace.yaml_text import BadYamlError

    try:
        return read_nodes(text)
    except BadYamlError as error:
        refuse_conflict(text, path)
        raise ManifestError(error.message, file=path, line=error.mark.line, column=error.mark.column) from None


def refuse_conflict(text: str, path: str) -> None:
    """Raise ManifestError where a text holds the marks of a merge that git left to people."""
    mark = _CONFLICT.search(text)
    if mark is not None:
        line = text.count("\n", 0, mark.start()) + 1
        raise ManifestError(
            "git left a conflict here (<<<<<<< … >>>>>>>)",
            file=path,
            line=line,
            column=1,
            remedy="keep one of the two sides, remove the marks, then git add it",
        )


def build(found: Parsed, path: str, kind: str = "", ident: str = "") -> Manifest:
    """Return the manifest of a file's scalars, reserved keys read and checked; raises ManifestError."""
    made = Manifest(kind, ident, path)
    for key, value in found.items():
        if isinstance(value, Scalar) and (key not in RESERVED or (key == "vmid" and kind not in ("", *GUESTS))):
            # Of a backup job vmid is a key like others: the guests that it saves.
            made.scalars[key] = value
        elif key == "vars":
            made.variables = _variables(value, path)
        elif key == "include":
            made.includes = tuple(_words(value, path, key))
        elif key == "track":
            made.track = _tracked(_words(value, path, key), path)
        elif key == "vmid":
            _check_vmid(value, path, kind, ident)
        elif isinstance(value, list) and key == "tags":
            made.scalars[key] = _joined(value, path, key)
        else:
            what = "a list" if isinstance(value, list) else "a mapping"
            remedy = "only tags, include and track are lists, only vars is a mapping; PVE's keys hold one text each"
            line, column = _place(value)
            raise ManifestError(f"{key} cannot be {what}", file=path, line=line, column=column, key=key, remedy=remedy)
    return made


def _place(value: Scalar | list[Scalar] | dict[str, Scalar]) -> tuple[int | None, int | None]:
    first = (
        value if isinstance(value, Scalar) else next(iter(value if isinstance(value, list) else value.values()), None)
    )
    return (first.line, first.column) if first is not None else (None, None)


def _words(value: Scalar | list[Scalar] | dict[str, Scalar], path: str, key: str) -> list[Scalar]:
    words = value if isinstance(value, list) else [value] if isinstance(value, Scalar) else []
    if isinstance(value, Scalar) and value.text is None:
        return []
    for word in words:
        if word.text is None or not word.text:
            raise ManifestError(f"{key} holds an empty entry", file=path, line=word.line, column=word.column, key=key)
    if isinstance(value, dict):
        line, column = _place(value)
        raise ManifestError(f"{key} must be a list", file=path, line=line, column=column, key=key)
    return words


def _joined(items: list[Scalar], path: str, key: str) -> Scalar:
    words = _words(items, path, key)
    line, column = _place(items)
    return Scalar(";".join(str(word.text) for word in words), line or 1, column or 1)


def _variables(value: Scalar | list[Scalar] | dict[str, Scalar], path: str) -> dict[str, Scalar]:
    if isinstance(value, Scalar) and value.text is None:
        return {}
    if isinstance(value, dict):
        return value
    line, column = _place(value)
    remedy = "write one line a variable below it, indented: 'bridge: vmbr0'"
    raise ManifestError("vars must be a mapping", file=path, line=line, column=column, key="vars", remedy=remedy)


def _tracked(words: Collection[Scalar], path: str) -> frozenset[str]:
    for word in words:
        if word.text not in TRACKED:
            raise ManifestError(
                f"track knows no {word.text!r}",
                file=path,
                line=word.line,
                column=word.column,
                key="track",
                value=word.text,
                remedy="node, status, or both; all other keys are always compared",
            )
    return frozenset(str(word.text) for word in words)


def _check_vmid(value: Scalar | list[Scalar] | dict[str, Scalar], path: str, kind: str, ident: str) -> None:
    line, column = _place(value)
    if kind not in GUESTS:
        remedy = "the name of the file says what it is"
        raise ManifestError(
            "vmid stands in manifests of guests only", file=path, line=line, column=column, key="vmid", remedy=remedy
        )
    if not isinstance(value, Scalar) or value.text != ident:
        text = value.text if isinstance(value, Scalar) else None
        raise ManifestError(
            f"vmid must be {ident}, the number with which the file's name begins",
            file=path,
            line=line,
            column=column,
            key="vmid",
            value=text,
            remedy="leave vmid out, or rename the file",
        )
