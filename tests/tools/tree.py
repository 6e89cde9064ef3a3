"""Walks the command tree, for the tests and the reference that hold for every command."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.cli.app import ROOT
from proxmox_mpc.cli.tree import Group, Leaf


def groups(node: Group = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Group]]:
    """Yield every group with the words that lead to it, the root first."""
    yield path, node
    for name, member in node.members.items():
        if isinstance(member, Group):
            yield from groups(member, (*path, name))


def leaves() -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Yield every verb with the words that call it."""
    for path, node in groups():
        for name, member in node.members.items():
            if isinstance(member, Leaf):
                yield (*path, name), member
