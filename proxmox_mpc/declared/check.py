"""Whether what a manifest says can be what it is about: known keys, values that PVE takes, no secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from proxmox_mpc.declared.manifest import GUESTS, Resolved
from proxmox_mpc.domain.config_rules import Rules, checked, read_rules
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.guest_config import SECRETS
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import ManifestError, UsageError

Check: TypeAlias = Callable[[str, str], object]
"""Takes key and value of an object that is no guest; raises UsageError for what cannot be."""

_PLACEMENT = "node dns\npool pool\nstatus running|stopped\ntemplate bool\n"
PVES_OWN = frozenset(
    {"digest", "lock", "meta", "vmgenid", "parent", "snaptime", "snapstate", "vmstate", "runningmachine", "runningcpu"}
)
"""Keys that PVE keeps for itself."""


def guest_rules(kind: str) -> Rules:
    """Return the rules of every key that a guest's manifest can have, without the reserved ones."""
    rules = vm_rules() if kind == "vm" else ct_rules()
    more = read_rules(_PLACEMENT if kind == "vm" else f"{_PLACEMENT}ostemplate volume\n", {})
    hidden = PVES_OWN | SECRETS
    single = {key: rule for key, rule in {**rules.single, **more.single}.items() if key not in hidden}
    return Rules(single, {stem: found for stem, found in rules.numbered.items() if stem != "unused"})


class Checker:
    """Checks manifests one after the other; ``checks`` are for kinds that are no guests, those without one pass.

    What guests have in common is checked once, and what is wrong in a file that many share is said once.
    """

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self._checks = checks or {}
        self._rules = {kind: guest_rules(kind) for kind in GUESTS}
        self._said: set[tuple[str, int, int, str]] = set()
        self._known: dict[tuple[str, str, str], tuple[str, str | None] | None] = {}

    def problems(self, resolved: Resolved) -> list[ManifestError]:
        """Return every key that cannot be as it is, in the order of the document, with the place that says so."""
        found: list[ManifestError] = []
        for key, value in resolved.keys.items():
            asked = (resolved.kind, key, value)
            if asked not in self._known:
                self._known[asked] = self._wrong(*asked)
            wrong = self._known[asked]
            if wrong is None:
                continue
            place = resolved.place(key)
            if (*place, wrong[0]) not in self._said:
                self._said.add((*place, wrong[0]))
                shown = None if key in SECRETS else value
                by = f", of {resolved.kind} {resolved.ident}" if place.file != resolved.manifest.path else ""
                found.append(
                    ManifestError(
                        f"{wrong[0]}{by}",
                        file=place.file,
                        line=place.line,
                        column=place.column,
                        key=key,
                        value=shown,
                        remedy=wrong[1],
                    )
                )
        return found

    def _wrong(self, kind: str, key: str, value: str) -> tuple[str, str | None] | None:
        if key in SECRETS:
            where = {"vm": "vm set", "ct": "ct create"}.get(kind)
            remedy = f"leave it out; pmpc {where} takes it with --password-from" if where else "leave it out"
            return f"{key} is a secret, and a manifest is no place for one", remedy
        if kind in GUESTS:
            problem = self._wrong_guest(kind, key, value)
            if problem is not None:
                return problem
        check = self._checks.get(kind)
        try:
            if kind in GUESTS:
                checked(self._rules[kind], key, value)
            elif check is not None:
                check(key, value)
        except UsageError as error:
            return error.message, error.hint
        return None

    def _wrong_guest(self, kind: str, key: str, value: str) -> tuple[str, str | None] | None:
        if key in PVES_OWN or key.startswith("unused"):
            return f"{key} is kept by Proxmox VE itself", "leave it out"
        if self._rules[kind].find(key) is None:
            return f"a {kind} has no key {key!r}", self._nearest(kind, key)
        if not value:
            return f"{key} is empty", "leave it out; null takes away what it would inherit"
        return None

    def _nearest(self, kind: str, key: str) -> str:
        from difflib import get_close_matches

        names = {*self._rules[kind].names(), "vmid", "track", "include", "vars"}
        near = get_close_matches(key, sorted(names), n=3, cutoff=0.6)
        other = "ct" if kind == "vm" else "vm"
        if not near and self._rules[other].find(key) is not None:
            return f"it is a key of a {other}; defaults of both kinds hold only what both have"
        return (
            f"did you mean {' or '.join(near)}?" if near else "the keys are those of pmpc vm config and pmpc ct config"
        )


def problems(resolved: Resolved, checks: Mapping[str, Check] | None = None) -> list[ManifestError]:
    """Return what is wrong with one manifest; for many use one Checker."""
    return Checker(checks).problems(resolved)
