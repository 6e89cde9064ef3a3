"""PVE's facts of the family ``tasks_api``; the package describes the form."""

ENDPOINTS: dict[str, str] = {
    "GET /cluster/tasks": r"""
check all
""",
    "GET /nodes/{node}/tasks": r"""
proxy
check all
errors bool?
limit int? min=0
node str format=pve-node
since int?
source str? enum=archive|active|all
start int? min=0
statusfilter str? format=pve-task-status-type-list
typefilter str?
until int?
userfilter str?
vmid int? min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/tasks/{upid}": r"""
proxy
check all
node str format=pve-node
upid str
""",
    "GET /nodes/{node}/tasks/{upid}": r"""
check all
node str format=pve-node
upid str
""",
    "GET /nodes/{node}/tasks/{upid}/log": r"""
proxy
check all
download bool?
limit int? min=0
node str format=pve-node
start int? min=0
upid str
""",
    "GET /nodes/{node}/tasks/{upid}/status": r"""
proxy
check all
node str format=pve-node
upid str
""",
}
