"""PVE's facts of the family ``replication``; the package describes the form."""

ENDPOINTS: dict[str, str] = {
    "GET /cluster/replication": r"""
check all
""",
    "POST /cluster/replication": r"""
check all
comment str? long=4096
disable bool?
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
rate num? min=1
remove_job str? enum=local|full
schedule str? long=128 format=pve-calendar-event
source str? format=pve-node
target str format=pve-node
type str enum=local
""",
    "DELETE /cluster/replication/{id}": r"""
check all
force bool?
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
keep bool?
""",
    "GET /cluster/replication/{id}": r"""
check all
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
""",
    "PUT /cluster/replication/{id}": r"""
check all
comment str? long=4096
delete str? long=4096 format=pve-configid-list
digest str? long=64
disable bool?
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
rate num? min=1
remove_job str? enum=local|full
schedule str? long=128 format=pve-calendar-event
source str? format=pve-node
""",
    "GET /nodes/{node}/replication": r"""
proxy
check all
guest int? min=100 max=999999999 format=pve-vmid
node str format=pve-node
""",
    "GET /nodes/{node}/replication/{id}": r"""
check all
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
node str format=pve-node
""",
    "GET /nodes/{node}/replication/{id}/log": r"""
proxy
check all
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
limit int? min=0
node str format=pve-node
start int? min=0
""",
    "POST /nodes/{node}/replication/{id}/schedule_now": r"""
proxy
check all
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
node str format=pve-node
""",
    "GET /nodes/{node}/replication/{id}/status": r"""
proxy
check all
id str format=pve-replication-job-id pattern=[1-9][0-9]{2,8}-\d{1,9}
node str format=pve-node
""",
}
