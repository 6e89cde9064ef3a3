"""The worlds that can be simulated, by name."""

from __future__ import annotations

from proxmox_mpc.simulator.world import World

NAMES = ("homelab", "homelab8", "tiny", "empty", "recorded", "datacenter:NODES:GUESTS:SEED")
LARGEST = (200, 10_000)
"""The most nodes and guests of a generated cluster."""


def build(name: str, created: int) -> World:
    """Return a fresh world.

    ``homelab`` is three nodes with something of everything, ``homelab8`` the same on PVE 8.4, ``tiny`` one node with
    one VM and one container, ``empty`` one node without guests, ``recorded`` the node of recorded exchanges,
    ``datacenter:NODES:GUESTS:SEED`` a generated cluster.
    ``created`` (epoch seconds) is what every age in the world hangs on. Raises ValueError for any other name.
    """
    kind, _, rest = name.partition(":")
    if kind in {"homelab", "homelab8"} and not rest:
        from proxmox_mpc.simulator.worlds.homelab import homelab

        return homelab(created, version="8.4.14" if kind == "homelab8" else "9.2.11")
    if kind in {"tiny", "empty"} and not rest:
        from proxmox_mpc.simulator.worlds import small

        return small.tiny(created) if kind == "tiny" else small.empty(created)
    if name == "recorded":
        from proxmox_mpc.simulator.worlds.recorded import recorded

        return recorded(created)
    if kind == "datacenter":
        from proxmox_mpc.simulator.worlds.datacenter import datacenter

        return datacenter(created, *_sizes(rest))
    raise ValueError(f"there is no world named {name!r}; there are: {', '.join(NAMES)}")


def _sizes(text: str) -> tuple[int, int, int]:
    """Read ``NODES:GUESTS:SEED``; the seed may be left out."""
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(part.isdecimal() for part in parts):
        raise ValueError(f"a datacenter is named datacenter:NODES:GUESTS:SEED, not datacenter:{text}")
    nodes, guests, seed = (*map(int, parts), 1)[:3]
    if not 1 <= nodes <= LARGEST[0] or guests > LARGEST[1]:
        raise ValueError(f"a datacenter has 1 to {LARGEST[0]} nodes and at most {LARGEST[1]} guests")
    return nodes, guests, seed
