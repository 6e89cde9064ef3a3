"""What only ct has, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

CONTAINER_VERBS: dict[str, Leaf | Group] = {
    "create": Leaf("ct_create:create", "Make a container from a template"),
    "clone": Leaf("ct_create:clone", "Clone a container"),
    "migrate": Leaf("ct_create:migrate", "Move containers to another node; running ones only with --restart"),
    "template": Group(
        "Templates: those to make containers from, and containers turned into one",
        {
            "available": Leaf("ct_template:available", "List the container templates that can be downloaded"),
            "list": Leaf("ct_template:list_", "List the container templates on the storages"),
            "download": Leaf("ct_template:download", "Let a node download a container template to a storage"),
            "delete": Leaf(
                "ct_template:delete", "Remove container templates from storages; containers made from them stay"
            ),
            "create": Leaf("ct_template:create", "Turn a container into a template, which cannot be taken back"),
        },
        aliases={"ls": "list"},
    ),
    "set": Leaf("ct_set:set_", "Change the configuration of containers"),
    "delete": Leaf("guest_delete:delete", "Delete guests with their disks, jobs and references"),
    "nic": Group(
        "Network cards of a container",
        {
            "add": Leaf("ct_set:nic_add", "Add a network card to a container"),
            "set": Leaf(
                "ct_set:nic_set", "Change properties of a container's network card; the others stay, its MAC among them"
            ),
            "remove": Leaf("ct_set:nic_remove", "Take a network card out of a container"),
        },
        aliases={"delete": "remove"},
    ),
    "volume": Group(
        "The root and the mount points of a container",
        {
            "add": Leaf("ct_set:volume_add", "Add a mount point with a new volume to a container"),
            "resize": Leaf("ct_set:volume_resize", "Grow a volume of a container; it can never be made smaller"),
            "move": Leaf("ct_set:volume_move", "Move a volume of a stopped container to another storage"),
            "remove": Leaf(
                "ct_set:volume_remove", "Destroy a mount point's volume, or only take it out of the container"
            ),
        },
        aliases={"delete": "remove"},
    ),
}
CONTAINER_ALIASES = {"resize": "volume resize", "move_volume": "volume move"}
