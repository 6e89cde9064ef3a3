"""Arguments with which every verb of the tree can be called on the simulated homelab, for tests that hold for all."""

from __future__ import annotations

# A verb that is not named here is called without arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "help": ("vm", "list"),
    "schema": ("vm", "list"),
    "completion": ("bash",),
    "network show": ("pve1", "vmbr0"),
    "sdn zone show": ("lab",),
}
# Verbs that need more than arguments: a terminal, a server, an end.
NOT_CALLED = frozenset({"sim serve", "workspace init", "workspace config edit"})
