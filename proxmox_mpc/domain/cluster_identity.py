"""Which cluster something belongs to: what tells one from another, and when two are the same."""

from __future__ import annotations

from typing import NamedTuple

from proxmox_mpc.domain.json import Json, JsonObject, text


class Identity(NamedTuple):
    """What tells one cluster from another; a single node has no cluster name."""

    name: str | None
    nodes: tuple[str, ...]
    root_ca: str | None = None

    @classmethod
    def of_data(cls, data: JsonObject) -> Identity:
        """Read the `identity` section of config.yml."""
        nodes = data.get("nodes")
        names = tuple(str(node) for node in nodes) if isinstance(nodes, list) else ()
        return cls(text(data, "name"), names, text(data, "root_ca"))

    def to_data(self) -> JsonObject:
        """Return the `identity` section of config.yml, without what is not known."""
        data: JsonObject = {"name": self.name, "nodes": list[Json](self.nodes), "root_ca": self.root_ca}
        return {key: value for key, value in data.items() if value}

    def describe(self) -> str:
        """Return a name for people."""
        nodes = ", ".join(self.nodes) or "no nodes"
        return f"{self.name} ({nodes})" if self.name else nodes


def same_cluster(recorded: Identity, seen: Identity) -> bool:
    """Say whether two identities are of one cluster."""
    if recorded.root_ca and seen.root_ca:
        return recorded.root_ca == seen.root_ca
    return recorded.name == seen.name and not set(recorded.nodes).isdisjoint(seen.nodes)
