"""backup, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

BACKUP = Group(
    "Backups and the jobs that make them",
    {
        "list": Leaf("backup:list_", "List the backups on all storages, of one guest or of all"),
        "show": Leaf("backup:show", "Show a backup and the guest's configuration that it holds"),
        "coverage": Leaf("backup:coverage", "List the guests without a recent backup, those without any first"),
        "create": Leaf("backup_write:create", "Back guests up now"),
        "verify": Leaf("backup_write:verify", "Check whether backups can be relied on; 8 where one cannot"),
        "restore": Leaf(
            "backup_restore:restore", "Restore a backup, to a free id or over one; or a lost node's guests"
        ),
        "delete": Leaf("backup_write:delete", "Remove backups; protected ones are refused"),
        "protect": Leaf("backup_write:protect", "Protect backups from removal, by hand or by pruning"),
        "unprotect": Leaf("backup_write:unprotect", "Let protected backups be removed again"),
        "prune": Leaf("backup_write:prune", "Remove the backups that a retention does not keep"),
        "job": Group(
            "Backup jobs",
            {
                "list": Leaf("backup:job_list", "List the backup jobs"),
                "show": Leaf("backup:job_show", "Show a backup job and the guests that it covers"),
                "create": Leaf("backup_job_write:create", "Make a backup job"),
                "set": Leaf("backup_job_write:set_", "Change a backup job; what is not named stays"),
                "delete": Leaf("backup_job_write:delete", "Remove backup jobs; the backups that they made stay"),
                "run": Leaf("backup_job_write:run", "Back up now what a job covers, as the job says"),
            },
        ),
    },
)
