"""Arguments with which every verb of the tree can be called on the simulated homelab, for tests that hold for all."""

from __future__ import annotations

import subprocess

from tests.conftest import Pmpc

_GUEST = {"guest": "101", "vm": "101", "ct": "201"}
_OF_A_GUEST = ("show", "status", "config", "pending", "interfaces", "metrics", "backups", "history", "wait")

# A verb that is not named here is called without arguments. UPID stands for a task that has ended well.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **{f"{noun} {verb}": (guest,) for noun, guest in _GUEST.items() for verb in _OF_A_GUEST},
    "guest snapshot show": ("101", "before-upgrade"),
    "vm snapshot show": ("101", "before-upgrade"),
    "ct snapshot show": ("202", "before-1-24"),
    "vm agent info": ("101",),
    "vm agent ping": ("101",),
    "vm agent fsfreeze status": ("101",),
    "vm cloudinit show": ("104",),
    "help": ("vm", "list"),
    "schema": ("vm", "list"),
    "completion": ("bash",),
    "node show": ("pve1",),
    "node metrics": ("pve1",),
    "node syslog": ("pve1",),
    "storage show": ("local",),
    "storage content": ("local",),
    "backup job show": ("backup-prod",),
    "backup show": ("VOLID",),
    "pool show": ("prod",),
    "task show": ("UPID",),
    "task log": ("UPID",),
    "task wait": ("UPID",),
    "api get": ("/nodes",),
    "network show": ("pve1", "vmbr0"),
    "sdn zone show": ("lab",),
    "sdn vnet show": ("k8s",),
    "sdn subnet show": ("lab-10.50.0.0-24",),
    "firewall log": ("--node", "pve1"),
    "firewall ipset show": ("management",),
    "firewall group show": ("webserver",),
    "firewall check": ("101",),
    "access explain": ("vm", "start", "101"),
    "ha resource show": ("vm:101",),
    "ha rule show": ("big-nodes",),
    "access user show": ("zoe@pve",),
    "access token show": ("zoe@pve!ci",),
    "access group show": ("admins",),
    "access role show": ("Operator",),
    "workspace use": ("lab",),
    "workspace rename": ("lab", "laboratory"),
    "workspace remove": ("lab",),
    "workspace config get": ("name",),
    "workspace config set": ("defaults.node", "pve1"),
    "workspace config unset": ("name",),
    "sync show": ("1",),
    "sync prune-history": ("--keep-runs", "100", "--dry-run"),
    "sync declare": ("101",),
    "sync forget": ("--all",),
}
# Verbs that need more than arguments: a terminal, an end.
NOT_CALLED = frozenset(
    {
        "vm agent file-read",
        "audit show",
        "audit prune",
        "sim serve",
        "workspace init",
        "workspace config edit",
        "workspace restore",
        "workspace replicate",
    }
)
# Verbs that do not answer a second time as they did the first.
CHANGING = frozenset({"workspace rename", "workspace remove", "workspace backup", "sync pull"})
# Verbs that say on this cluster why there is nothing: PVE 9 has rules where PVE 8 had groups.
REFUSED = frozenset({"ha group list"})
# Lists of which the homelab has none.
EMPTY = frozenset({"audit list", "audit export", "workspace backups", "sync validate", "sync fmt"})
# Verbs that look at manifests: they find one of a VM that is not there yet.
_WITH_MANIFEST = frozenset(f"sync {verb}" for verb in ("diff", "plan", "forget", "validate", "render", "fmt"))


def arguments(pmpc: Pmpc, words: tuple[str, ...]) -> list[str]:
    """Return the arguments for a verb; a task and a backup are looked up in the cluster's lists."""
    _prepare(pmpc, " ".join(words))
    named = list(ARGUMENTS.get(" ".join(words), ()))
    if "UPID" in named:
        ended = pmpc("task", "list", "--query", "[?status=='ok'].upid | [0]").stdout.strip()
        named[named.index("UPID")] = ended or "UPID:pve1:00000000:00000000:00000000:none::root@pam:"
    if "VOLID" in named:
        newest = pmpc("backup", "list", "--query", "[?storage!='pbs'].volid | [0]").stdout.strip()
        named[named.index("VOLID")] = newest or "local:backup/none"
    return named


def _prepare(pmpc: Pmpc, verb: str) -> None:
    """Lay out what a verb works on beside the cluster, in a workspace."""
    if not (pmpc.cwd / ".proxmox").is_dir():
        return
    if verb in _WITH_MANIFEST:
        manifest = pmpc.cwd / "infra" / "vm" / "150-new.yml"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text("name: new\nnode: pve1\nmemory: 512\n")
    elif verb == "sync commit":
        subprocess.run(["git", "init", "--quiet", str(pmpc.cwd)], check=True)
