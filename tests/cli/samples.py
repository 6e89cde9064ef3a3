"""Arguments with which every verb of the tree can be called on the simulated homelab, for tests that hold for all."""

from __future__ import annotations

# A verb that is not named here is called without arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "help": ("vm", "list"),
    "schema": ("vm", "list"),
    "completion": ("bash",),
    **{f"vm {verb}": ("101",) for verb in ("show", "status", "config", "pending", "interfaces", "metrics", "backups")},
    **{f"ct {verb}": ("201",) for verb in ("show", "status", "config", "pending", "interfaces", "metrics", "backups")},
    **{f"guest {verb}": ("web",) for verb in ("show", "status", "config", "pending", "interfaces", "metrics", "backups")},
    "vm snapshot show": ("101", "before-upgrade"),
    "guest snapshot show": ("101", "before-upgrade"),
    "vm agent info": ("101",),
    "vm cloudinit show": ("docker",),
    "network show": ("pve1", "vmbr0"),
    "sdn zone show": ("lab",),
    "sdn vnet show": ("k8s",),
    "sdn subnet show": ("10.50.0.0/24",),
    "firewall ipset show": ("management",),
    "firewall group show": ("webserver",),
    "firewall log": ("--node", "pve1"),
    "ha resource show": ("web",),
    "ha rule show": ("big-nodes",),
    "access user show": ("zoe@pve",),
    "access token show": ("zoe@pve!ci",),
    "access group show": ("admins",),
    "access role show": ("Operator",),
}
# Verbs that need more than arguments: a terminal, a server, an end, or a cluster on PVE 8.
NOT_CALLED = frozenset({"sim serve", "workspace init", "workspace config edit", "ha group list"})
