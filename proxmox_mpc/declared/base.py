"""The base: per object and key the value on which declared and live last agreed, ``infra/.base/KIND/ID.json``.

The files are committed with the manifests. One line a key, sorted, so that git merges two people's agreements.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.declared.emit import UNPRINTABLE
from proxmox_mpc.declared.files import remove_file, write_file
from proxmox_mpc.declared.manifest import Ident
from proxmox_mpc.declared.names import base_ident_of, base_path_of
from proxmox_mpc.declared.reading import read_text, refuse_conflict
from proxmox_mpc.errors import ManifestError

DIRECTORY = ".base"
_WRITERS = 8


class BaseEntry(NamedTuple):
    """What both sides last agreed on: the object's identity, and its keys; None: never agreed on that key."""

    identity: str | None
    keys: Mapping[str, str | None]


class Base:
    """The base beside the manifests in ``infra``."""

    def __init__(self, infra: Path) -> None:
        self.infra = infra

    def read(self, kind: str, ident: str) -> BaseEntry | None:
        """Return the entry of one object, None where there is none; raises ManifestError."""
        path = base_path_of(kind, ident)
        text = read_text(self.infra, path)
        return _entry(text, path) if text is not None else None

    def read_all(self) -> dict[Ident, BaseEntry]:
        """Return every entry; raises ManifestError for the first that cannot be read."""
        found: dict[Ident, BaseEntry] = {}
        for path in sorted(_paths(self.infra, DIRECTORY)):
            text = read_text(self.infra, path)
            if text is not None:
                found[base_ident_of(path)] = _entry(text, path)
        return found

    def write(self, kind: str, ident: str, entry: BaseEntry) -> bool:
        """Write one entry in one step; False where it stood so already. Raises ManifestError."""
        path = base_path_of(kind, ident)
        return write_file(self.infra, path, _text(entry))

    def write_all(self, entries: Mapping[Ident, BaseEntry]) -> int:
        """Write several entries, each in one step, and return how many were new or other; raises ManifestError."""
        from concurrent.futures import ThreadPoolExecutor

        # A write is little more than waiting for the disk, which takes several at once.
        with ThreadPoolExecutor(_WRITERS) as pool:
            return sum(pool.map(lambda one: self.write(one[0][0], one[0][1], one[1]), sorted(entries.items())))

    def remove(self, kind: str, ident: str) -> bool:
        """Forget one object; False where nothing was known of it."""
        return remove_file(self.infra, base_path_of(kind, ident))

    def remove_all(self, idents: Iterable[Ident]) -> int:
        """Forget several objects and return how many were known."""
        return sum(self.remove(kind, ident) for kind, ident in idents)


def _text(entry: BaseEntry) -> str:
    keys = dict(sorted(entry.keys.items()))
    text = json.dumps({"identity": entry.identity, "keys": keys}, ensure_ascii=False, indent=1) + "\n"
    return UNPRINTABLE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _entry(text: str, path: str) -> BaseEntry:
    try:
        found = json.loads(text)
    except ValueError as error:
        refuse_conflict(text, path)
        line = getattr(error, "lineno", None)
        raise _bad(path, f"the base is no JSON: {error}", line) from None
    except RecursionError:
        raise _bad(path, "the base is no JSON of ours") from None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), dict):
        raise _bad(path, "the base has no keys")
    identity, keys = found.get("identity"), found["keys"]
    if not isinstance(identity, (str, type(None))):
        raise _bad(path, "identity must be a text or null")
    for key, value in keys.items():
        if not isinstance(value, (str, type(None))):
            raise _bad(path, f"{key} must be a text or null", key=key)
    return BaseEntry(identity, keys)


def _bad(path: str, problem: str, line: int | None = None, key: str | None = None) -> ManifestError:
    remedy = (
        f"take the file from git again (git checkout -- infra/{path}), or delete it: "
        "then every difference of this object is a conflict to decide"
    )
    return ManifestError(problem, file=path, line=line, key=key, remedy=remedy)


def _paths(infra: Path, below: str) -> Iterator[str]:
    try:
        with os.scandir(infra / below) as entries:
            found = [*entries]
    except FileNotFoundError:
        return
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", file=below) from error
    for entry in found:
        path = f"{below}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _paths(infra, path)
        elif entry.name.endswith(".json") and not entry.name.startswith("."):
            yield path
