"""Trees of manifests for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from proxmox_mpc.declared.tree import Loaded, Tree


def plant(infra: Path, files: Mapping[str, str]) -> Path:
    """Write files below infra/ and return it."""
    for path, text in files.items():
        target = infra / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return infra


def load(infra: Path, files: Mapping[str, str]) -> Loaded:
    """Write files below infra/ and load all."""
    return Tree(plant(infra, files)).load()


def keys(loaded: Loaded, kind: str = "vm", ident: str = "101") -> dict[str, str]:
    """Return the document of one object of a tree without errors."""
    assert [str(error) for error in loaded.errors] == []
    return loaded.resolved[kind, ident].keys


def messages(loaded: Loaded) -> list[str]:
    """Return what is wrong in a tree."""
    return [str(error) for error in loaded.errors]
