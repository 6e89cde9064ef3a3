"""workspace, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

_CONFIG = Group(
    "The configuration of the workspace",
    {
        "show": Leaf("workspace_config:show", "Show the settings in force"),
        "get": Leaf("workspace_config:get", "Print the value in force of one key, or of a section"),
        "set": Leaf("workspace_config:set_", "Set a key in config.yml, comments kept"),
        "unset": Leaf("workspace_config:unset", "Take a key, or a section, out of config.yml"),
        "edit": Leaf("workspace_config:edit", "Open config.yml in an editor"),
        "validate": Leaf("workspace_config:validate", "Check config.yml: every problem with its line"),
    },
    aliases={"list": "show", "check": "validate"},
)
WORKSPACE = Group(
    "Workspaces: one directory a cluster",
    {
        "init": Leaf("workspace_init:init", "Make a workspace for a cluster"),
        "list": Leaf("workspace:list_", "List the registered workspaces"),
        "show": Leaf("workspace:show", "Show the workspace in use, and what it connects to"),
        "use": Leaf("workspace:use", "Choose the workspace for commands that stand in none"),
        "check": Leaf("workspace:check", "Check files, database, server, credentials, identity and privileges"),
        "config": _CONFIG,
        "backup": Leaf("workspace_life:backup", "Back up the workspace into one file; safe while it is in use"),
        "backups": Leaf("workspace_life:backups", "List the backups in .proxmox/backups, newest first"),
        "restore": Leaf("workspace_life:restore", "Put a backup back, here or at another place"),
        "verify": Leaf(
            "workspace_life:verify", "Check a backup, or the workspace itself, from end to end; nothing is sent"
        ),
        "upgrade": Leaf("workspace_life:upgrade", "Bring layout, configuration and database to what this pmpc writes"),
        "repair": Leaf(
            "workspace_life:repair",
            "Replace a damaged database by what can still be read of it, and read the cluster anew",
        ),
        "replicate": Leaf("workspace_replicate:replicate", "Declare what is declared here for another cluster"),
        "trust": Leaf("workspace:trust", "Let the workspace run the commands that its configuration names"),
        "rename": Leaf("workspace:rename", "Give a workspace another name"),
        "remove": Leaf("workspace:remove", "Forget a workspace; its files stay unless told otherwise"),
    },
    aliases={"ls": "list"},
)
