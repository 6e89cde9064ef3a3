"""Everything below infra/: which file stands for which object, read and resolved, with every error there is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.declared.manifest import GUESTS, KINDS, Ident, Manifest, Resolved
from proxmox_mpc.declared.names import ident_of
from proxmox_mpc.declared.reading import read_manifest, read_text
from proxmox_mpc.declared.resolve import Resolver
from proxmox_mpc.errors import ManifestError

_SHARED = ("defaults", "include")
_DEFAULTS = re.compile(rf"defaults/(?:{'|'.join(KINDS)}|(?:node|tag)-[A-Za-z0-9_][A-Za-z0-9_+.-]*)\.yml")
_ENDINGS = (".yml", ".yaml")


class Loaded(NamedTuple):
    """What a tree holds. ``present``: the file of every object that has one, also of those that cannot be used."""

    resolved: dict[Ident, Resolved]
    errors: list[ManifestError]
    present: dict[Ident, str]


class Tree:
    """The manifests below ``infra``; nothing is kept between two loads."""

    kinds = KINDS

    def __init__(self, infra: Path) -> None:
        self.infra = infra

    def load(self) -> Loaded:
        """Return every object that is declared, and every error, by file and line; a missing infra/ is an empty one."""
        errors: list[ManifestError] = []
        present: dict[Ident, str] = {}
        others: list[str] = []
        for path in sorted(files_below(self.infra, "", errors)):
            if path.partition("/")[0] in KINDS:
                self._place(path, present, errors)
            else:
                others.append(path)
        _refuse_twins(present, errors)
        resolver = Resolver(self._read)
        resolved: dict[Ident, Resolved] = {}
        for (kind, ident), path in present.items():
            try:
                manifest = read_manifest(read_text(self.infra, path) or "", path, kind, ident)
            except ManifestError as error:
                errors.append(error)
                continue
            one = resolver.resolve(manifest, errors)
            if one is not None:
                resolved[kind, ident] = one
        errors += _strays(others, resolver.used)
        return Loaded(resolved, _sorted(errors), present)

    def read(self, path: str) -> Manifest:
        """Return the manifest in one file, not resolved; raises ManifestError."""
        kind, ident = ident_of(path)
        text = read_text(self.infra, path)
        if text is None:
            raise ManifestError("there is no such file", file=path)
        return read_manifest(text, path, kind, ident)

    def _read(self, path: str) -> Manifest | None:
        text = read_text(self.infra, path)
        return read_manifest(text, path) if text is not None else None

    def _place(self, path: str, present: dict[Ident, str], errors: list[ManifestError]) -> None:
        try:
            found = ident_of(path)
        except ManifestError as error:
            errors.append(error)
            return
        if found in present:
            kind, ident = found
            remedy = f"delete one of the two, or give it another {'vmid' if kind in GUESTS else 'name'}"
            problem = f"{kind} {ident} is declared in {present[found]} already"
            errors.append(ManifestError(problem, file=path, remedy=remedy))
        else:
            present[found] = path


def files_below(infra: Path, below: str, errors: list[ManifestError]) -> Iterator[str]:
    """Yield the path of every YAML file below a directory of infra/, unsorted; what cannot be read goes to errors."""
    try:
        with os.scandir(infra / below) as entries:
            found = [*entries]
    except FileNotFoundError:
        return
    except OSError as error:
        errors.append(ManifestError(f"cannot be read: {error.strerror}", file=below or "."))
        return
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            if entry.is_dir() or entry.name.endswith(_ENDINGS):
                remedy = "put the file itself here; infra/ as a whole may be a symlink"
                errors.append(ManifestError("symlinks are not followed below infra/", file=path, remedy=remedy))
        elif entry.is_dir():
            yield from files_below(infra, path, errors)
        elif entry.name.endswith(_ENDINGS):
            yield path


def _refuse_twins(present: dict[Ident, str], errors: list[ManifestError]) -> None:
    """A vmid belongs to one guest of the cluster, whatever its kind."""
    for (kind, ident), path in present.items():
        other = present.get(("ct", ident)) if kind == "vm" else None
        if other is not None:
            remedy = "vmids are unique in a cluster: give one of the two another"
            errors.append(
                ManifestError(f"{ident} is declared as a VM and in {other} as a container", file=path, remedy=remedy)
            )


def _strays(paths: list[str], used: frozenset[str]) -> Iterator[ManifestError]:
    """Files that nothing reads are most often meant to be read."""
    from difflib import get_close_matches

    for path in paths:
        first, slash, _ = path.partition("/")
        if (
            path in used
            or path == "vars.yml"
            or (first in _SHARED and (first != "defaults" or _DEFAULTS.fullmatch(path)))
        ):
            continue
        if first == "defaults":
            remedy = "as in defaults/vm.yml, defaults/node-pve1.yml, defaults/tag-web.yml"
            yield ManifestError("the name says no defaults that there are", file=path, remedy=remedy)
            continue
        near = get_close_matches(first, KINDS, n=1) if slash else []
        remedy = (
            f"did you mean {near[0]}/?"
            if near
            else f"objects are below {', '.join(KINDS[:4])} …; shared parts below include/"
        )
        yield ManifestError("no object is declared here, and nothing includes it", file=path, remedy=remedy)


def _sorted(errors: list[ManifestError]) -> list[ManifestError]:
    once = {str(error): error for error in errors}
    return sorted(once.values(), key=lambda error: (error.file, error.line or 0, error.column or 0, error.problem))
