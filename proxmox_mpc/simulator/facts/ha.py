"""PVE's facts of the family ``ha``; the package describes the form."""

ENDPOINTS: dict[str, str] = {
    "GET /cluster/ha": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "GET /cluster/ha/groups": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/ha/groups": r"""
check ["perm", "/", ["Sys.Console"]]
comment str? long=4096
group str format=pve-configid
nodes str format=pve-ha-node-list
nofailback bool?
restricted bool?
type str? enum=group
""",
    "DELETE /cluster/ha/groups/{group}": r"""
check ["perm", "/", ["Sys.Console"]]
group str format=pve-configid
""",
    "GET /cluster/ha/groups/{group}": r"""
check ["perm", "/", ["Sys.Audit"]]
group str format=pve-configid
""",
    "PUT /cluster/ha/groups/{group}": r"""
check ["perm", "/", ["Sys.Console"]]
comment str? long=4096
delete str? long=4096 format=pve-configid-list
digest str? long=64
group str format=pve-configid
nodes str? format=pve-ha-node-list
nofailback bool?
restricted bool?
""",
    "GET /cluster/ha/resources": r"""
check ["perm", "/", ["Sys.Audit"]]
type str? enum=ct|vm
""",
    "POST /cluster/ha/resources": r"""
check ["perm", "/", ["Sys.Console"]]
auto-rebalance bool?
comment str? long=4096
failback bool?
group str? format=pve-configid
max_relocate int? min=0
max_restart int? min=0
sid str format=pve-ha-resource-or-vm-id
state str? enum=started|stopped|enabled|disabled|ignored
type str? enum=ct|vm
""",
    "DELETE /cluster/ha/resources/{sid}": r"""
check ["perm", "/", ["Sys.Console"]]
purge bool?
sid str format=pve-ha-resource-or-vm-id
""",
    "GET /cluster/ha/resources/{sid}": r"""
check ["perm", "/", ["Sys.Audit"]]
sid str format=pve-ha-resource-or-vm-id
""",
    "PUT /cluster/ha/resources/{sid}": r"""
check ["perm", "/", ["Sys.Console"]]
auto-rebalance bool?
comment str? long=4096
delete str? long=4096 format=pve-configid-list
digest str? long=64
failback bool?
group str? format=pve-configid
max_relocate int? min=0
max_restart int? min=0
sid str format=pve-ha-resource-or-vm-id
state str? enum=started|stopped|enabled|disabled|ignored
""",
    "POST /cluster/ha/resources/{sid}/migrate": r"""
check ["perm", "/", ["Sys.Console"]]
node str format=pve-node
sid str format=pve-ha-resource-or-vm-id
""",
    "POST /cluster/ha/resources/{sid}/relocate": r"""
check ["perm", "/", ["Sys.Console"]]
node str format=pve-node
sid str format=pve-ha-resource-or-vm-id
""",
    "GET /cluster/ha/rules": r"""
check ["perm", "/", ["Sys.Audit"]]
resource str?
type str? enum=node-affinity|resource-affinity
""",
    "POST /cluster/ha/rules": r"""
check ["perm", "/", ["Sys.Console"]]
affinity str? enum=positive|negative
comment str? long=4096
disable bool?
nodes str? format=pve-ha-node-list
resources str format=pve-ha-resource-id-list
rule str format=pve-configid
strict bool?
type str enum=node-affinity|resource-affinity
""",
    "DELETE /cluster/ha/rules/{rule}": r"""
check ["perm", "/", ["Sys.Console"]]
rule str format=pve-configid
""",
    "GET /cluster/ha/rules/{rule}": r"""
check ["perm", "/", ["Sys.Audit"]]
rule str format=pve-configid
""",
    "PUT /cluster/ha/rules/{rule}": r"""
check ["perm", "/", ["Sys.Console"]]
affinity str? enum=positive|negative
comment str? long=4096
delete str? long=4096 format=pve-configid-list
digest str? long=64
disable bool?
nodes str? format=pve-ha-node-list
resources str? format=pve-ha-resource-id-list
rule str format=pve-configid
strict bool?
type str enum=node-affinity|resource-affinity
""",
    "GET /cluster/ha/status": r"""
check all
""",
    "POST /cluster/ha/status/arm-ha": r"""
check ["perm", "/", ["Sys.Console"]]
""",
    "GET /cluster/ha/status/current": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/ha/status/disarm-ha": r"""
check ["perm", "/", ["Sys.Console"]]
resource-mode str enum=freeze|ignore
""",
    "GET /cluster/ha/status/manager_status": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
}
