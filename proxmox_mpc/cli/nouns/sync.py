"""sync, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

SYNC = Group(
    "Two-way sync: the cluster, what was recorded of it, and the manifests that declare it",
    {
        "run": Leaf(
            "sync_run:run",
            "Carry changes of the cluster into the manifests, and changes of the manifests to the cluster",
        ),
        "diff": Leaf(
            "sync_diff:diff", "Show what differs between the manifests and the cluster, key by key, and who changed it"
        ),
        "plan": Leaf("sync_push:plan", "Show what sync push would do; nothing is sent"),
        "push": Leaf("sync_push:push", "Make the cluster as the manifests declare it"),
        "pull": Leaf("sync:pull", "Read the cluster and record what changed since the last pull"),
        "declare": Leaf(
            "sync_declare:declare", "Write manifests of guests and other objects as they are on the cluster"
        ),
        "forget": Leaf(
            "sync_declare:forget", "Remove manifests and what was agreed with them; nothing on the cluster is touched"
        ),
        "commit": Leaf(
            "sync_declare:commit", "Commit manifests that say what the cluster has, together with what was agreed"
        ),
        "validate": Leaf("sync_check:validate", "Check every manifest: syntax, keys, values, includes and variables"),
        "render": Leaf(
            "sync_check:render",
            "Show manifests with defaults, includes and variables applied, and which file gives each key",
        ),
        "fmt": Leaf(
            "sync_check:fmt",
            "Bring manifests into one form: order of keys, quoting; comments stay with their keys",
        ),
        "status": Leaf("sync:status", "Show how old and how sound the recorded state is"),
        "log": Leaf("sync:log", "List the pulls, newest first"),
        "show": Leaf("sync:show", "Show what a pull found changed, key by key; without a number the last one"),
        "export": Leaf("sync_history:export", "Print the history of every object, a JSON object a line"),
        "prune-history": Leaf("sync_history:prune_history", "Remove old history, and make the database smaller"),
    },
    aliases={"list": "log", "ls": "log", "describe": "show"},
)
