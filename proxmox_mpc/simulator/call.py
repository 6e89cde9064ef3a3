"""What a handler gets: the world, the time, the caller and checked parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from proxmox_mpc.simulator.clock import Clock
from proxmox_mpc.simulator.errors import failed, forbidden
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.permissions import Permissions
from proxmox_mpc.simulator.world import Guest, Node, Storage, World

Value: TypeAlias = str | int | float | bool | list[str]
"""A checked parameter: integers, numbers and booleans are converted, an array is a list of texts."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: ``user`` is ``root@pam``, ``token`` the name of the API token in use; a ticket has none.

    ``user`` is empty for a call without login to a path that the world may call.
    """

    user: str
    token: str | None = None

    @property
    def authid(self) -> str:
        """The name that tasks and the log carry: ``root@pam`` or ``root@pam!tok``."""
        return self.user if self.token is None else f"{self.user}!{self.token}"

    @property
    def is_root(self) -> bool:
        """Whether this is root@pam itself; PVE does not count root's tokens as root."""
        return self.user == "root@pam" and self.token is None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with more than ``data``: ``extra`` holds members beside it (``total``, ``changes``)."""

    data: Json
    extra: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One request on its way through a handler."""

    world: World
    clock: Clock
    caller: Caller
    method: str
    template: str
    params: dict[str, Value]
    local_node: str
    permissions: Permissions
    upload: bytes | None = None  # the content of an uploaded file
    changed: bool = False  # a handler of GET that changes the world sets it, so that it is saved

    @property
    def now(self) -> int:
        """The time in whole seconds."""
        return int(self.clock.now())

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter as text; ``default`` when it was not given."""
        value = self.params.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "1" if value else "0"
        return ",".join(value) if isinstance(value, list) else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer parameter."""
        value = self.params.get(name)
        return default if value is None or isinstance(value, list) else int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean parameter."""
        value = self.params.get(name)
        return default if value is None else bool(value)

    def texts(self, name: str) -> list[str]:
        """Return a list parameter: an array, or a text split as PVE splits lists."""
        value = self.params.get(name)
        if isinstance(value, list):
            return value
        return split_list(self.text(name))

    @property
    def node(self) -> Node:
        """The node of the path; ``localhost`` is the node that was called."""
        name = self.text("node")
        return self.world.nodes[self.local_node if name == "localhost" else name]

    def guest(self, kind: str) -> Guest:
        """Return the guest of the path; raises PVE's 500 for a configuration file that is not there."""
        vmid = self.number("vmid")
        guest = self.world.guests.get(vmid)
        if guest is None or guest.kind != kind or guest.node != self.node.name:
            folder = "qemu-server" if kind == "qemu" else "lxc"
            raise failed(f"Configuration file 'nodes/{self.node.name}/{folder}/{vmid}.conf' does not exist")
        return guest

    def storage(self, name: str) -> Storage:
        """Return a storage; raises PVE's 500 when it is not defined."""
        found = self.world.storages.get(name)
        if found is None:
            raise failed(f"storage '{name}' does not exist")
        return found

    def may(self, path: str, *privileges: str, every: bool = False) -> bool:
        """Return whether the caller holds one of ``privileges`` (or every one) on ``path``."""
        held = self.permissions.on(self.caller.user, self.caller.token, path)
        return all(p in held for p in privileges) if every else any(p in held for p in privileges)

    def require(self, path: str, *privileges: str) -> None:
        """Raise PVE's 403 unless the caller holds every one of ``privileges`` on ``path``."""
        held = self.permissions.on(self.caller.user, self.caller.token, path)
        missing = [p for p in privileges if p not in held]
        if missing:
            raise forbidden(f"{path}, {missing[0]}")

    def require_any(self, path: str, *privileges: str) -> None:
        """Raise PVE's 403 unless the caller holds one of ``privileges`` on ``path``."""
        if not self.may(path, *privileges):
            raise forbidden(f"{path}, {'|'.join(privileges)}")


def split_list(text: str) -> list[str]:
    """Split a list as PVE does (PVE::Tools::split_list): at NUL when there is one, else at commas, ``;`` and blanks."""
    if "\0" in text:
        return text.split("\0")
    return text.replace(",", " ").replace(";", " ").split()


def rows(items: Iterable[JsonObject]) -> Json:
    """Return rows as a JSON list."""
    return list(items)
