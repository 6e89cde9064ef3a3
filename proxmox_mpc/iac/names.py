"""Names of resources: made once from what an object is called, kept in a file, never moved by another object.

``mapping.json`` beside the code holds them: object (``vm/101``) to address (``proxmox_virtual_environment_vm.web``). An
object keeps its name when it is renamed on the cluster; a name that is taken gets the object's id behind it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from proxmox_mpc.domain.json import as_object
from proxmox_mpc.errors import ConfigError, UnexpectedAnswer

FILE = "mapping.json"
_OTHERS = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ł": "l"})


def slug(text: str) -> str:
    """Return a name that every tool takes: small letters, digits and ``_``, a letter first."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    made = _OTHERS.sub("_", plain).strip("_")
    return made if made[:1].isalpha() else f"n_{made}".rstrip("_")


class Names:
    """The names that are given: ``kept`` from the last run, new ones beside them."""

    def __init__(self, kept: Mapping[str, str] | None = None) -> None:
        self._kept = dict(kept or {})
        self._given: dict[str, str] = {}
        self._taken: dict[str, str] = {address: item for item, address in self._kept.items()}

    @classmethod
    def read(cls, text: str | None, file: str = FILE) -> Names:
        """Read the file of the last run, None for the first; raises ConfigError."""
        if text is None:
            return cls()
        try:
            found = as_object(json.loads(text), file).get("addresses")
            if not isinstance(found, dict):
                raise ValueError("it has no addresses")
        except (ValueError, UnexpectedAnswer) as error:
            raise ConfigError(
                f"{file}: the names of the last run cannot be read: {error}",
                hint="take the file from version control again; without it resources would get new names",
            ) from error
        return cls({item: address for item, address in found.items() if isinstance(address, str)})

    def address(self, kind: str, ident: str, resource: str, name: str) -> str:
        """Return the address of an object: the one that it had, or a new one made from ``name``."""
        item = f"{kind}/{ident}"
        if item in self._given:
            return self._given[item]
        kept = self._kept.get(item)
        if kept is not None and kept.partition(".")[0] == resource:
            self._given[item] = kept
            return kept
        base = f"{resource}.{slug(name)}"
        made = base
        if self._taken.get(made, item) != item:
            made = f"{base}_{slug(ident).removeprefix('n_')}"
        number = 2
        while self._taken.get(made, item) != item:
            made, number = f"{base}_{number}", number + 1
        self._taken[made] = item
        self._given[item] = made
        return made

    @property
    def moved(self) -> list[tuple[str, str]]:
        """Old and new address of every object that had to get another one."""
        return sorted(
            (self._kept[item], made) for item, made in self._given.items() if self._kept.get(item, made) != made
        )

    def text(self) -> str:
        """Return what to keep, of objects that are gone as well: one that comes back finds its name."""
        addresses = {**self._kept, **self._given}
        return (
            json.dumps({"version": 1, "addresses": dict(sorted(addresses.items()))}, indent=2, ensure_ascii=False)
            + "\n"
        )
