"""The table of the cluster: nodes, storages, backups, pools, tasks, the API itself."""

from __future__ import annotations

from proxmox_mpc.cli.nouns.backups import BACKUP
from proxmox_mpc.cli.tree import Group, Leaf

CLUSTER: dict[str, Group | Leaf] = {
    "status": Leaf(
        "status:status", "Show the state of cluster, workspace and database at a glance, the problems first"
    ),
    "cluster": Group(
        "The cluster as a whole",
        {
            "show": Leaf("cluster:show", "Show the cluster: quorum, releases, nodes"),
            "options": Leaf("cluster:options", "Show the datacenter options, under Proxmox VE's own names"),
            "log": Leaf("cluster:log", "Show the cluster's log, newest first"),
            "set": Leaf(
                "cluster_write:set_",
                "Change datacenter options: pmpc cluster set mac_prefix=BC:24:11 ha=shutdown_policy=migrate",
            ),
        },
    ),
    "node": Group(
        "Nodes of the cluster",
        {
            "list": Leaf("node:list_", "List the nodes of the cluster"),
            "show": Leaf("node:show", "Show a node: hardware, load, release, subscription, guests, storages"),
            "metrics": Leaf("node:metrics", "Show a node's load over time"),
            "services": Leaf("node:services", "List the services of a node, or of all nodes"),
            "disks": Leaf("node:disks", "List the physical disks of a node, or of all nodes, with their SMART health"),
            "syslog": Leaf("node:syslog", "Show the system log of a node"),
            "apt": Leaf("node:apt", "List the package updates that wait on a node, or on all nodes"),
            "certificates": Leaf(
                "node:certificates", "List the certificates of a node, or of all nodes, with the days they have left"
            ),
            "drain": Leaf("node_drain:drain", "Move the guests of a node to others, by the memory that is free there"),
            "undrain": Leaf(
                "node_drain:undrain",
                "Bring back what drains have moved away from a node since it was last brought back",
            ),
            "reboot": Leaf(
                "node_write:reboot", "Reboot a node, and wait until it is back; its guests are shut down first"
            ),
            "shutdown": Leaf("node_write:shutdown", "Shut a node down with its guests, and wait until it is off"),
            "wake": Leaf("node_write:wake", "Wake a node by its network card, and wait until it is online"),
            "start-all": Leaf(
                "node_write:start_all", "Start the guests of a node that start at boot, in the order that is set for it"
            ),
            "stop-all": Leaf("node_write:stop_all", "Shut all guests of a node down, in the order that is set for it"),
            "refresh": Leaf("node_write:refresh", "Read the package lists of nodes anew; nothing is installed"),
            "service": Group(
                "Services of nodes",
                {
                    "start": Leaf("node_write:service_start", "Start a service on nodes"),
                    "stop": Leaf("node_write:service_stop", "Stop a service on nodes"),
                    "restart": Leaf("node_write:service_restart", "Restart a service on nodes"),
                    "reload": Leaf("node_write:service_reload", "Make a service on nodes read its configuration anew"),
                },
            ),
            "certificate": Group(
                "Certificates of nodes",
                {
                    "upload": Leaf(
                        "node_write:certificate_upload", "Have a node's API present a certificate of your own"
                    ),
                    "delete": Leaf(
                        "node_write:certificate_delete", "Go back to the certificate that the cluster gave a node"
                    ),
                },
            ),
        },
    ),
    "storage": Group(
        "Storages and what is on them",
        {
            "list": Leaf("storage:list_", "List the storages and how full they are; a shared one stands once"),
            "show": Leaf("storage:show", "Show a storage: its definition, and how full it is on each node"),
            "content": Leaf("storage:content", "List the volumes on a storage"),
            "create": Leaf("storage_write:create", "Define a storage for the whole cluster, or for some nodes"),
            "set": Leaf("storage_write:set_", "Change a storage's definition"),
            "delete": Leaf("storage_write:delete", "Take storages out of the configuration"),
            "upload": Leaf(
                "storage_upload:upload",
                "Send an ISO image, a container template or a disk image of this machine to a storage",
            ),
            "download": Leaf(
                "storage_write:download",
                "Have a node fetch an ISO image, a container template or a disk image onto a storage",
            ),
            "volume": Group(
                "Volumes on storages",
                {
                    "set": Leaf("storage_write:volume_set", "Change a backup's notes, or protect it"),
                    "delete": Leaf(
                        "storage_write:volume_delete",
                        "Delete volumes that no guest uses: images, templates, backups, disks that were left behind",
                    ),
                },
            ),
        },
    ),
    "backup": BACKUP,
    "replication": Group(
        "Copies of guests' disks on other nodes",
        {
            "list": Leaf("replication:list_", "List the replication jobs and how their last runs went"),
            "create": Leaf("replication_write:create", "Create a job that copies a guest's disks to another node"),
            "set": Leaf("replication_write:set_", "Change a replication job"),
            "run": Leaf("replication_write:run", "Replicate now, and wait for it"),
            "delete": Leaf(
                "replication_write:delete",
                "Delete replication jobs, and the copies that they made; the nodes do it at their next look",
            ),
        },
    ),
    "pool": Group(
        "Resource pools",
        {
            "list": Leaf("pool:list_", "List the resource pools"),
            "show": Leaf("pool:show", "Show a resource pool and its members"),
            "create": Leaf("pool_write:create", "Create a resource pool; a nested one is named PARENT/NAME"),
            "set": Leaf("pool_write:set_", "Change a resource pool's comment"),
            "delete": Leaf("pool_write:delete", "Delete resource pools, which must be empty"),
            "add": Leaf("pool_write:add", "Put guests and storages into a resource pool"),
            "remove": Leaf(
                "pool_write:remove", "Take guests and storages out of a resource pool; they themselves stay as they are"
            ),
        },
    ),
    "task": Group(
        "What the cluster is doing and did",
        {
            "list": Leaf("task:list_", "List tasks, newest first: the cluster's recent ones, or all of a node"),
            "show": Leaf("task:show", "Show a task, and the end of its log"),
            "log": Leaf("task:log", "Show the log of a task"),
            "wait": Leaf("task:wait", "Wait for a task to end; 8 when it failed, 7 when the time is over"),
        },
    ),
    "api": Group(
        "The Proxmox VE API itself",
        {
            "get": Leaf("api:get", "Read any path of the Proxmox VE API, and print the answer as it is"),
            "create": Leaf("api_write:create", "Send a POST to any path of the Proxmox VE API"),
            "set": Leaf("api_write:set_", "Send a PUT to any path of the Proxmox VE API"),
            "delete": Leaf(
                "api_write:delete",
                "Send a DELETE to any path of the Proxmox VE API; always critical: --confirm repeats the path",
            ),
        },
    ),
}
