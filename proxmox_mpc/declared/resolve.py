"""Defaults, includes and variables: what a manifest says once everything it builds on is applied.

Lowest to highest: ``defaults/KIND.yml``; for guests ``defaults/node-NODE.yml`` and ``defaults/tag-TAG.yml`` in the
order of the guest's tags; each include in order, below an include what that one includes; the file itself. A higher
layer's null takes a key away. Then ``${name}`` is replaced, from the ``vars`` of the file, of its includes, of
``vars.yml``; ``$${`` stands for ``${``. A variable's value is not looked into again. Node and tags, which choose the
defaults, come from the file, its includes or ``defaults/KIND.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from proxmox_mpc.declared.manifest import GUESTS, KINDS, Manifest, Resolved, Scalar
from proxmox_mpc.domain.json import split_list
from proxmox_mpc.errors import ManifestError

Read = Callable[[str], Manifest | None]
"""Reads a file by its path below infra/; None where there is none, ManifestError where it cannot be used."""

_REFERENCE = re.compile(r"\$(?:(\$)\{|\{([A-Za-z_][A-Za-z0-9_-]*)\}|\{([^}\n]*)(\}?))")
_ITEM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")


def escaped(text: str) -> str:
    """Return a text as a manifest writes it, so that nothing in it is taken for a variable."""
    return text.replace("${", "$${") if "${" in text else text


class _Below(NamedTuple):
    """The layers below a manifest, shared by all that have the same."""

    layers: tuple[Manifest, ...]
    scalars: Mapping[str, tuple[Scalar, Manifest]]
    inherited: frozenset[str]


class Resolver:
    """Resolves manifests of one tree; files that several share are read once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._files: dict[str, Manifest | ManifestError | None] = {}
        self._below: dict[tuple[str, ...], _Below] = {}

    @property
    def used(self) -> frozenset[str]:
        """The files that were defaults, includes or variables of something."""
        return frozenset(path for path, found in self._files.items() if found is not None)

    def resolve(self, manifest: Manifest, errors: list[ManifestError]) -> Resolved | None:
        """Return the manifest resolved; None with at least one more error in ``errors`` where that cannot be."""
        try:
            included = self._included(manifest, (manifest.path,)) if manifest.includes else ()
            scope = _Scope(manifest, included, self._shared())
            below = self._layers(manifest, included, scope)
        except ManifestError as error:
            errors.append(error)
            return None
        keys: dict[str, str] = {}
        before = len(errors)
        for key, (scalar, layer) in _over(below, manifest).items():
            if scalar.text is None:
                continue
            try:
                keys[key] = scope.replaced(key, scalar, layer) if "$" in scalar.text else scalar.text
            except ManifestError as error:
                errors.append(error)
        if len(errors) > before:
            return None
        layers = (*below.layers, manifest)
        track = next((layer.track for layer in reversed(layers) if layer.track is not None), frozenset[str]())
        return Resolved(manifest.kind, manifest.ident, manifest, keys, layers, below.inherited, track)

    def _layers(self, manifest: Manifest, included: tuple[Manifest, ...], scope: _Scope) -> _Below:
        kind = self._default(manifest.kind)
        layers = [kind] if kind else []
        if manifest.kind in GUESTS:
            own = (*layers, *included, manifest)
            node = scope.value("node", own)
            defaults = self._default(f"node-{node}") if node and _ITEM.fullmatch(node) else None
            layers += [defaults] if defaults else []
            tags = scope.value("tags", (*layers, *included, manifest)) or ""
            found = (self._default(f"tag-{tag}") for tag in split_list(tags) if _ITEM.fullmatch(tag))
            layers += [one for one in found if one is not None]
        layers += included
        shared = tuple(layer.path for layer in layers)
        if shared not in self._below:
            self._below[shared] = _merged(tuple(layers))
        return self._below[shared]

    def _shared(self) -> Manifest | None:
        found = self._file("vars.yml")
        if found is not None and (found.includes or found.variables or found.track is not None):
            remedy = "it holds variables and their values only, one a line: 'bridge: vmbr0'"
            raise ManifestError("vars.yml cannot have include, vars or track", file=found.path, remedy=remedy)
        return found

    def _default(self, name: str) -> Manifest | None:
        found = self._file(f"defaults/{name}.yml")
        if found is not None and (found.includes or found.variables):
            word, scalars = ("include", found.includes) if found.includes else ("vars", tuple(found.variables.values()))
            remedy = "include and vars stand in manifests and in what they include; variables for all in vars.yml"
            raise ManifestError(
                f"defaults cannot have {word}",
                file=found.path,
                line=scalars[0].line,
                column=scalars[0].column,
                key=word,
                remedy=remedy,
            )
        return found

    def _included(self, manifest: Manifest, chain: tuple[str, ...]) -> tuple[Manifest, ...]:
        """Return what a file includes, lowest first, each file once: where it comes last."""
        found: dict[str, Manifest] = {}
        for written in manifest.includes:
            path = _inside(str(written.text), written, manifest)
            if path in chain:
                circle = " → ".join((*chain[chain.index(path) :], path))
                raise _at(manifest, written, f"the includes go round in a circle: {circle}", "take one of them out")
            file = self._file(path)
            if file is None:
                remedy = "paths are relative to infra/, as in include/base.yml"
                raise _at(manifest, written, f"there is no {path} to include", remedy)
            for one in (*self._included(file, (*chain, path)), file):
                found.pop(one.path, None)
                found[one.path] = one
        return tuple(found.values())

    def _file(self, path: str) -> Manifest | None:
        if path not in self._files:
            try:
                self._files[path] = self._read(path)
            except ManifestError as error:
                self._files[path] = error
        found = self._files[path]
        if isinstance(found, ManifestError):
            raise found
        return found


def _merged(layers: tuple[Manifest, ...]) -> _Below:
    scalars = {key: (scalar, layer) for layer in layers for key, scalar in layer.scalars.items()}
    inherited = frozenset(key for key, (scalar, _) in scalars.items() if scalar.text is not None)
    return _Below(layers, scalars, inherited)


def _over(below: _Below, manifest: Manifest) -> dict[str, tuple[Scalar, Manifest]]:
    """Return the scalars of a manifest over what is below it: its own in their order, then the inherited."""
    found = {key: (scalar, manifest) for key, scalar in manifest.scalars.items()}
    for key, inherited in below.scalars.items():
        found.setdefault(key, inherited)
    return found


class _Scope:
    """The variables that a manifest sees; those of the file win, then later includes, then vars.yml."""

    def __init__(self, manifest: Manifest, included: Iterable[Manifest], shared: Manifest | None) -> None:
        self._variables: dict[str, tuple[Scalar, Manifest]] = {}
        if shared is not None:
            self._variables = {name: (scalar, shared) for name, scalar in shared.scalars.items()}
        for layer in (*included, manifest):
            for name, scalar in layer.variables.items():
                self._variables[name] = (scalar, layer)

    def value(self, key: str, layers: Iterable[Manifest]) -> str | None:
        """Return what the highest of some layers says of a key, variables replaced."""
        for layer in reversed([*layers]):
            scalar = layer.scalars.get(key)
            if scalar is not None:
                return None if scalar.text is None else self.replaced(key, scalar, layer)
        return None

    def replaced(self, key: str, scalar: Scalar, layer: Manifest) -> str:
        """Return a text with its variables replaced; raises ManifestError."""

        def filled(match: re.Match[str]) -> str:
            literal, name = match[1], match[2]
            if literal:
                return "${"
            if name is None:
                remedy = "a variable is ${name}; write $${ for a literal ${"
                raise _at(layer, scalar, f"{key}: {match[0][:40]!r} is no variable", remedy, key)
            return self._variable(name, key, scalar, layer)

        return _REFERENCE.sub(filled, scalar.text or "")

    def _variable(self, name: str, key: str, scalar: Scalar, layer: Manifest) -> str:
        found, where = self._variables.get(name, (None, layer))
        if found is None or found.text is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self._variables, n=1)
            define = "define it below vars: in the manifest or an include, or in infra/vars.yml"
            remedy = f"did you mean ${{{near[0]}}}?" if near else f"{define}; write $${{ for a literal ${{"
            raise _at(layer, scalar, f"{key}: there is no variable {name!r}", remedy, key)
        if "${" in found.text.replace("$${", ""):
            remedy = "write the value out; $${ stands for a literal ${"
            raise _at(where, found, f"the variable {name} holds ${{…}}, and variables do not nest", remedy, name)
        return found.text.replace("$${", "${")


def _inside(written: str, place: Scalar, manifest: Manifest) -> str:
    """Return the path of an include, which is below infra/ and no manifest of an object."""
    parts = written.split("/")
    if written.startswith("/") or not written.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise _at(manifest, place, f"{written!r} is no path below infra/", "as in include/base.yml")
    if parts[0] in KINDS or parts[0].startswith(".") or parts[0] == "defaults":
        remedy = "put what several share into a file in include/"
        raise _at(manifest, place, f"{written} is not there to be included", remedy)
    if not written.endswith((".yml", ".yaml")):
        raise _at(manifest, place, f"{written} is no YAML file", "name it with its ending .yml")
    return written


def _at(manifest: Manifest, scalar: Scalar, problem: str, remedy: str, key: str = "include") -> ManifestError:
    return ManifestError(
        problem,
        file=manifest.path,
        line=scalar.line,
        column=scalar.column,
        key=key,
        value=scalar.text,
        remedy=remedy,
    )
