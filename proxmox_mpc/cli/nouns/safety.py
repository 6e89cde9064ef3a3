"""audit and safety in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

SAFETY: dict[str, Leaf | Group] = {
    "audit": Group(
        "What pmpc has changed",
        {
            "list": Leaf("audit:list_", "List what was changed, newest first"),
            "show": Leaf("audit:show", "Show what an operation did, step by step"),
            "undo": Leaf("audit:undo", "Take back what an operation did"),
            "verify": Leaf("audit:verify", "Check that no row of the journal was edited, removed or reordered"),
            "export": Leaf("audit:export", "Print the whole journal, a JSON object a line, with an anchor at the end"),
            "prune": Leaf(
                "audit:prune", "Remove old operations from the journal; a checkpoint keeps the chain verifiable"
            ),
        },
        aliases={"ls": "list", "describe": "show"},
    ),
    "safety": Group(
        "The emergency brake, and what is asked before a write",
        {
            "show": Leaf("safety:show", "Show whether writes are stopped, and what is asked before one"),
            "freeze": Leaf("safety:freeze", "Stop every write, also bulk work that is under way, before its next send"),
            "thaw": Leaf("safety:thaw", "Let writes go again"),
        },
        aliases={"describe": "show"},
    ),
}
