"""What sync has written, as a commit: which files, and a message that says what changed in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from proxmox_mpc.declared.names import ident_of
from proxmox_mpc.declared.reading import read_manifest, read_text
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.errors import ManifestError, Refused
from proxmox_mpc.services.git import Changed, Repository
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_session import Session

COMMIT_PAGE = item(
    Field("commit", "string?", "the commit's id; null: there was nothing to commit"),
    Field("message", "string?", "its message"),
    Field("files", "list", "what it holds, below infra/"),
    doc="A commit of what sync wrote.",
)
_LISTED = 30
_LONGEST = 60


class Change(NamedTuple):
    """One manifest as it differs from the last commit."""

    path: str
    label: str
    lines: tuple[str, ...]


def committed(
    session: Session,
    repository: Repository,
    merges: Iterable[Merge],
    *,
    message: str | None,
    author: str | None,
    allow_dirty: bool,
) -> JsonObject:
    """Commit manifests that say what the cluster has, and their base; raises Refused for changes that are not ours.

    Ours are the files below infra/ whose objects are in sync: what was edited and not pushed is somebody's work.
    """
    prefix = f"{session.infra.resolve().relative_to(repository.top.resolve()).as_posix()}/"
    changed = repository.changed()
    unpushed = {one.declared.manifest.path for one in merges if one.declared is not None and _unfinished(one)}
    ours = [one for one in changed if one.path.startswith(prefix) and one.path.removeprefix(prefix) not in unpushed]
    others = [one for one in changed if one not in ours and (one.tracked or one.path.startswith(prefix))]
    if others and not allow_dirty:
        raise Refused(
            f"there are changes that sync did not make: {_named(others)}",
            hint="push or commit them first; --allow-dirty leaves them alone and commits the rest",
            details={"files": [one.path for one in others]},
        )
    files = sorted(one.path.removeprefix(prefix) for one in ours)
    if not files:
        return {"commit": None, "message": None, "files": []}
    text = message or commit_message([*_changes(session, repository, prefix, files)])
    done = repository.commit([prefix + path for path in files], text, author)
    return {"commit": done, "message": text, "files": [*files]}


def _unfinished(one: Merge) -> bool:
    return one.state == "new" or (one.state == "both" and bool(one.of("push", "conflict")))


def _named(others: Sequence[Changed]) -> str:
    return ", ".join(one.path for one in others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")


def _changes(session: Session, repository: Repository, prefix: str, files: Iterable[str]) -> Iterator[Change]:
    for path in files:
        if path.startswith("."):
            continue
        before = _keys(repository.committed(prefix + path), path)
        after = _keys(read_text(session.infra, path), path)
        yield Change(path, _label(path), tuple(_lines(before, after)))


def _keys(text: str | None, path: str) -> dict[str, str | None] | None:
    if text is None:
        return None
    try:
        return read_manifest(text, path).keys
    except ManifestError:
        return {}


def _label(path: str) -> str:
    try:
        kind, ident = ident_of(path)
    except ManifestError:
        return path
    return f"{kind} {ident}"


def _lines(before: dict[str, str | None] | None, after: dict[str, str | None] | None) -> Iterator[str]:
    if before is None or after is None:
        yield "declared" if before is None else "no longer declared"
        return
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield f"{key}: {_short(old)} -> {_short(new)}"


def _short(value: str | None) -> str:
    if value is None:
        return "(unset)"
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def commit_message(changes: Sequence[Change]) -> str:
    """Return subject and body of a commit: one line for each key that changed."""
    if not changes:
        return "sync: what was agreed"
    first = changes[0]
    if len(changes) == 1:
        detail = first.lines[0] if len(first.lines) == 1 else f"{len(first.lines)} keys"
        subject = f"sync: {first.label} {detail}"
    else:
        subject = f"sync: {len(changes)} manifests changed"
    body = [f"{one.label}: {line}" for one in changes for line in one.lines]
    more = [f"… and {len(body) - _LISTED} more"] if len(body) > _LISTED else []
    return "\n".join([subject if len(subject) <= 72 else f"{subject[:71]}…", "", *body[:_LISTED], *more]) + "\n"
