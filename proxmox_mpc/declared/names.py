"""File names of manifests: ``vm/101-web.yml``, ``pool/production.yml``, ``network/pve1/vmbr0.yml``.

Of a guest the number before the first dash is the vmid, the rest a label for people. Of all else the name is the id,
percent-quoted where a path cannot hold it; a slash in an id is a directory.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from proxmox_mpc.declared.manifest import GUESTS, KINDS, Ident
from proxmox_mpc.errors import ManifestError

_VMID = re.compile(r"([1-9][0-9]{0,8})(?:-.*)?")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")
_LABEL = 60
_SAFE = "-_.@+=, "


def ident_of(path: str) -> Ident:
    """Return kind and id of the object that a file below infra/ stands for; raises ManifestError."""
    kind, _, rest = path.partition("/")
    stem = rest.removesuffix(".yml").removesuffix(".yaml")
    if kind not in KINDS or not stem or stem.endswith("/"):
        raise ManifestError(
            "the name says no kind of object", file=path, remedy="as in vm/101-web.yml, pool/production.yml"
        )
    if kind not in GUESTS:
        return kind, unquote(stem)
    match = _VMID.fullmatch(stem)
    if match is None or int(match[1]) < 100:
        raise ManifestError(
            "the name must begin with the guest's vmid (100 to 999999999)",
            file=path,
            remedy=f"as in {kind}/101-web.yml; no directories below {kind}/",
        )
    return kind, match[1]


def path_of(kind: str, ident: str, name: str | None = None) -> str:
    """Return the path below infra/ for a new manifest; ``name`` of a guest becomes its label."""
    if kind in GUESTS:
        label = _UNSAFE.sub("-", name or "")[:_LABEL].strip("-.")
        return f"{kind}/{ident}-{label}.yml" if label else f"{kind}/{ident}.yml"
    return f"{kind}/{'/'.join(_quoted(part) for part in ident.split('/'))}.yml"


def _quoted(part: str) -> str:
    """Return one part of a path; a dot at the start would hide it."""
    safe = quote(part, safe=_SAFE)
    return f"%2E{safe[1:]}" if safe.startswith(".") else safe


def base_path_of(kind: str, ident: str) -> str:
    """Return the path of an object's base below infra/."""
    return f".base/{kind}/{'/'.join(_quoted(part) for part in ident.split('/'))}.json"


def base_ident_of(path: str) -> Ident:
    """Return kind and id of the object whose base a path below infra/ is."""
    kind, _, rest = path.removeprefix(".base/").partition("/")
    return kind, unquote(rest.removesuffix(".json"))
