"""A resource of the provider, and what all of them are built with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from proxmox_mpc.iac.estate import Estate, Ident
from proxmox_mpc.iac.hcl import Block, Ref, Value
from proxmox_mpc.iac.names import Names
from proxmox_mpc.iac.report import Left, Sort


class Secret(NamedTuple):
    """A variable for what no answer of PVE shows: ``name`` in variables.tf, sensitive and without a value."""

    name: str
    description: str


@dataclass
class Resource:
    """One resource: where it stands, what it holds, how it is imported.

    ``file`` is the kind of file that it belongs to (vm, ct, pool …). ``import_id`` None: it cannot be imported, and is
    not written but reported. ``ignored`` are attributes whose changes are ignored, each with its reason.
    """

    kind: str
    ident: str
    name: str | None
    type: str
    address: str
    import_id: str
    body: Block
    file: str
    comment: str | None = None
    ignored: list[tuple[str, str]] = field(default_factory=list)
    prevent_destroy: bool = False

    def ignore(self, attribute: str, reason: str) -> None:
        """Ignore changes of an attribute from now on."""
        if attribute not in {name for name, _ in self.ignored}:
            self.ignored.append((attribute, reason))


@dataclass
class Options:
    """What the command line asks for."""

    prevent_destroy: bool = True
    long_names: bool = False
    layout: str = "kind"
    network: bool = False


class Building:
    """What a generator works with: the estate, names, references between resources, and the report."""

    def __init__(self, estate: Estate, names: Names, options: Options) -> None:
        self.estate = estate
        self.names = names
        self.options = options
        self.left: list[Left] = []
        self.secrets: dict[str, Secret] = {}
        self._managed: dict[Ident, tuple[str, str]] = {}

    def resource(
        self, kind: str, ident: str, type_: str, name: str, import_id: str, file: str | None = None
    ) -> Resource:
        """Return a new resource with an empty body; its address is the one it always had."""
        address = self.names.address(kind, ident, type_, name)
        body = Block("resource", tuple(address.split(".", 1)))
        guest = kind in ("vm", "ct")
        return Resource(
            kind, ident, name, type_, address, import_id, body, file or kind,
            prevent_destroy=self.options.prevent_destroy and guest,
        )  # fmt: skip

    def manages(self, kind: str, ident: str, address: str, attribute: str) -> None:
        """Take down that an object has a resource, and which attribute of it is the object's id."""
        self._managed[kind, ident] = (address, attribute)

    def ref(self, kind: str, ident: str) -> Value:
        """Return a reference to an object's id where it has a resource, else the id itself."""
        found = self._managed.get((kind, ident))
        return Ref(f"{found[0]}.{found[1]}") if found is not None else ident

    def refs(self, kind: str, idents: Sequence[str]) -> list[Value]:
        """Return references to several objects."""
        return [self.ref(kind, ident) for ident in idents]

    def leave(
        self, kind: str, ident: str, name: str | None, reason: str, key: str | None = None, sort: Sort | None = None
    ) -> None:
        """Report what is not in the code, or whose changes are ignored."""
        self.left.append(Left(kind, ident, name, key, sort or ("object" if key is None else "key"), reason))

    def ignore(self, resource: Resource, attribute: str, key: str | None, reason: str) -> None:
        """Ignore changes of an attribute, and report it."""
        resource.ignore(attribute, reason)
        self.leave(resource.kind, resource.ident, resource.name, reason, key or attribute, "ignored")

    def secret(self, name: str, description: str) -> Ref:
        """Return a reference to a sensitive variable."""
        self.secrets[name] = Secret(name, description)
        return Ref(f"var.{name}")
