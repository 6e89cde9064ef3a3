"""PVE's facts of the family ``backup_jobs``; the package describes the form."""

GROUPS: dict[str, str] = {
    "backup": r"""
all bool?
bwlimit int? min=0
compress str? enum=0|1|gzip|lzo|zstd
dumpdir str?
exclude str? format=pve-vmid-list
exclude-path list? items=str
fleecing str? format=backup-fleecing
ionice int? min=0 max=8
lockwait int? min=0
mailnotification str? enum=always|failure
mailto str? format=email-or-username-list
mode str? enum=snapshot|suspend|stop
node str? format=pve-node
notes-template str? long=1024 requires=storage
notification-mode str? enum=auto|legacy-sendmail|notification-system
pbs-change-detection-mode str? enum=legacy|data|metadata
performance str? format=backup-performance
pigz int?
pool str?
protected bool? requires=storage
prune-backups str? format=prune-backups
quiet bool?
remove bool?
script str?
stdexcludes bool?
stop bool?
stopwait int? min=0
storage str? format=pve-storage-id
tmpdir str?
vmid str? format=pve-vmid-list
zstd int?
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /cluster/backup": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/backup": r"""
check ["perm", "/", ["Sys.Modify"]]
comment str? long=512
dow str? format=pve-day-of-week-list requires=starttime
enabled bool?
id str? format=pve-configid
repeat-missed bool?
schedule str? long=128 format=pve-calendar-event
starttime str? pattern=\d{1,2}:\d{1,2}
@backup
""",
    "GET /cluster/backup-info": r"""
check root
""",
    "GET /cluster/backup-info/not-backed-up": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "DELETE /cluster/backup/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
id str long=50 pattern=\S+
""",
    "GET /cluster/backup/{id}": r"""
check ["perm", "/", ["Sys.Audit"]]
id str long=50 pattern=\S+
""",
    "PUT /cluster/backup/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
comment str? long=512
delete str? format=pve-configid-list
dow str? format=pve-day-of-week-list requires=starttime
enabled bool?
id str long=50 pattern=\S+
repeat-missed bool?
schedule str? long=128 format=pve-calendar-event
starttime str? pattern=\d{1,2}:\d{1,2}
@backup
""",
    "GET /cluster/backup/{id}/included_volumes": r"""
check ["perm", "/", ["Sys.Audit"]]
id str long=50 pattern=\S+
""",
    "GET /cluster/jobs": r"""
check all
""",
    "GET /cluster/jobs/realm-sync": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "DELETE /cluster/jobs/realm-sync/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
id str format=pve-configid
""",
    "GET /cluster/jobs/realm-sync/{id}": r"""
check ["perm", "/", ["Sys.Audit"]]
id str format=pve-configid
""",
    "POST /cluster/jobs/realm-sync/{id}": r"""
check ["and", ["perm", "/access/realm/{realm}", ["Realm.AllocateUser"]], ["perm", "/access/groups", ["User.Modify"]]]
comment str? long=512
enable-new bool?
enabled bool?
id str long=64 format=pve-configid
realm str? long=32 format=pve-realm
remove-vanished str? pattern=(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none
schedule str long=128 format=pve-calendar-event
scope str? enum=users|groups|both
""",
    "PUT /cluster/jobs/realm-sync/{id}": r"""
check ["and", ["perm", "/access/realm/{realm}", ["Realm.AllocateUser"]], ["perm", "/access/groups", ["User.Modify"]]]
comment str? long=512
delete str? long=4096 format=pve-configid-list
enable-new bool?
enabled bool?
id str long=64 format=pve-configid
remove-vanished str? pattern=(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none
schedule str long=128 format=pve-calendar-event
scope str? enum=users|groups|both
""",
    "GET /cluster/jobs/schedule-analyze": r"""
check all
iterations int? min=1 max=100
schedule str long=128 format=pve-calendar-event
starttime int?
""",
    "POST /nodes/{node}/vzdump": r"""
proxy
check all
job-id str? long=50 pattern=\S+
stdout bool?
@backup
""",
    "GET /nodes/{node}/vzdump/defaults": r"""
proxy
check all
node str format=pve-node
storage str? format=pve-storage-id
""",
    "GET /nodes/{node}/vzdump/extractconfig": r"""
proxy
check all
node str format=pve-node
volume str
""",
}
