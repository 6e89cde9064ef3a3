"""guest, vm and ct in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.nouns.containers import CONTAINER_ALIASES, CONTAINER_VERBS
from proxmox_mpc.cli.nouns.guest_power import AGENT, POWER, RESET
from proxmox_mpc.cli.tree import Group, Leaf

_GUEST: dict[str, Leaf | Group] = {
    "show": Leaf("guest_show:show", "Show everything about one guest"),
    "status": Leaf("guest_show:status", "Show what a guest does now"),
    "config": Leaf("guest_show:config", "Show a guest's configuration in PVE's own keys"),
    "pending": Leaf("guest_show:pending", "List the configuration changes that wait for a guest's restart"),
    "interfaces": Leaf("guest_show:interfaces", "List the addresses that a running guest has"),
    "metrics": Leaf("guest_metrics:metrics", "Show a guest's load over time"),
    "backups": Leaf("guest_show:backups", "List the backups of a guest"),
    **POWER,
    "isolate": Leaf("vm_nic:isolate_", "Cut guests off: take the link of every network card down"),
    "history": Leaf("sync:history", "List what pulls found changed about a guest, newest first; from the database"),
    "snapshot": Group(
        "Snapshots",
        {
            "list": Leaf("snapshots:snapshot_list", "List snapshots with their age, of one guest or of all"),
            "show": Leaf("snapshots:snapshot_show", "Show a snapshot and the configuration that it holds"),
            "create": Leaf("snapshot_writes:snapshot_create", "Take a snapshot of guests"),
            "rollback": Leaf(
                "snapshot_writes:snapshot_rollback", "Put a guest back to a snapshot; what came after is lost"
            ),
            "delete": Leaf("snapshot_writes:snapshot_delete", "Delete a snapshot of guests"),
        },
        aliases={"ls": "list", "describe": "show", "destroy": "delete"},
    ),
    "tag": Group(
        "Tags",
        {
            "add": Leaf("guest_tag:tag_add", "Add tags to guests"),
            "remove": Leaf("guest_tag:tag_remove", "Remove tags from guests"),
        },
        aliases={"delete": "remove"},
    ),
}
_GUEST_ALIASES = {
    "ls": "list",
    "describe": "show",
    "listsnapshot": "snapshot list",
    "rollback": "snapshot rollback",
}
# qm's own words
_VM_ALIASES = {
    "destroy": "delete",
    "resize": "disk resize",
    "move-disk": "disk move",
    "importdisk": "disk import",
    "unlink": "disk detach",
}
_VM: dict[str, Leaf | Group] = {
    **RESET,
    "create": Leaf("vm_create:create", "Create a virtual machine"),
    "set": Leaf("vm_set:set_", "Change the configuration of virtual machines"),
    "delete": Leaf("guest_delete:delete", "Delete guests with their disks, jobs and references"),
    "clone": Leaf("vm_copy:clone", "Clone a virtual machine"),
    "template": Leaf("vm_copy:template", "Turn a virtual machine into a template, which cannot be taken back"),
    "migrate": Leaf("vm_copy:migrate", "Move virtual machines to another node, running ones without a stop"),
    "disk": Group(
        "Disks of a virtual machine",
        {
            "add": Leaf("vm_disk:disk_add", "Add a disk to a virtual machine, new or from a volume that exists"),
            "import": Leaf("vm_disk:disk_import", "Copy an image to a new disk of a virtual machine"),
            "resize": Leaf("vm_disk:disk_resize", "Grow a disk of a virtual machine; it cannot be made smaller"),
            "move": Leaf(
                "vm_disk:disk_move", "Move a disk of a virtual machine to another storage, also while it runs"
            ),
            "detach": Leaf(
                "vm_disk:disk_detach", "Detach a disk from a virtual machine; its data stays as an unused disk"
            ),
            "remove": Leaf("vm_disk:disk_remove", "Remove a disk from a virtual machine and destroy its data"),
        },
        aliases={"delete": "remove", "unlink": "detach", "attach": "add"},
    ),
    "nic": Group(
        "Network cards of a virtual machine",
        {
            "add": Leaf("vm_nic:nic_add", "Add a network card to a virtual machine"),
            "set": Leaf("vm_nic:nic_set", "Change a network card of a virtual machine; what is not named stays"),
            "remove": Leaf("vm_nic:nic_remove", "Remove a network card from a virtual machine"),
        },
        aliases={"delete": "remove"},
    ),
    "agent": Group(
        "The guest agent inside a virtual machine",
        {"info": Leaf("guest_inside:agent_info", "Show what the guest agent says about a virtual machine"), **AGENT},
        aliases={"show": "info", "describe": "info"},
    ),
    "cloudinit": Group(
        "Cloud-init of a virtual machine",
        {
            "show": Leaf("guest_inside:cloudinit_show", "Show what cloud-init sets up in a virtual machine"),
            "set": Leaf("vm_cloudinit:cloudinit_set", "Change what cloud-init sets up, and write its drive anew"),
            "regenerate": Leaf(
                "vm_cloudinit:cloudinit_regenerate", "Write the cloud-init drive of a virtual machine anew"
            ),
        },
        aliases={"describe": "show", "dump": "show"},
    ),
}
_IN_CONTAINER = "the API of Proxmox VE runs nothing inside a container; on its node: pct {} CTID"
_CT_ELSEWHERE = {
    "enter": _IN_CONTAINER.format("enter"),
    "exec": _IN_CONTAINER.format("exec") + " -- COMMAND",
    "console": _IN_CONTAINER.format("console"),
    "push": _IN_CONTAINER.format("push") + " FILE DESTINATION",
    "pull": _IN_CONTAINER.format("pull") + " PATH DESTINATION",
}

GUESTS: dict[str, Leaf | Group] = {
    "guest": Group(
        "Virtual machines and containers alike",
        {
            "list": Leaf("guests:guest_list", "List the guests of the cluster, virtual machines and containers"),
            **_GUEST,
            **RESET,
        },
        aliases=_GUEST_ALIASES,
    ),
    "vm": Group(
        "Virtual machines",
        {"list": Leaf("guests:vm_list", "List the virtual machines of the cluster"), **_GUEST, **_VM},
        aliases={**_GUEST_ALIASES, **_VM_ALIASES},
    ),
    "ct": Group(
        "Containers",
        {"list": Leaf("guests:ct_list", "List the containers of the cluster"), **_GUEST, **CONTAINER_VERBS},
        aliases={**_GUEST_ALIASES, "destroy": "delete", **CONTAINER_ALIASES},
        elsewhere=_CT_ELSEWHERE,
    ),
}
