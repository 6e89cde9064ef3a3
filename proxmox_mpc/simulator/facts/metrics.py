"""PVE's facts of the family ``metrics``; the package describes the form."""

GROUPS: dict[str, str] = {
    "server": r"""
api-path-prefix str?
bucket str?
disable bool?
id str format=pve-configid
influxdbproto str? enum=udp|http|https
max-body-size int? min=1
mtu int? min=512 max=65536
organization str?
otel-compression str? enum=none|gzip
otel-headers str? long=1024
otel-max-body-size int? min=1024
otel-path str?
otel-protocol str? enum=http|https
otel-resource-attributes str? long=1024
otel-timeout int? min=1 max=10
otel-verify-ssl bool?
path str? format=graphite-path
port int min=1 max=65536
proto str? enum=udp|tcp
server str format=address
timeout int? min=0
token str?
verify-certificate bool?
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /cluster/metrics": r"""
check all
""",
    "GET /cluster/metrics/server": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "DELETE /cluster/metrics/server/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
id str format=pve-configid
""",
    "GET /cluster/metrics/server/{id}": r"""
check ["perm", "/", ["Sys.Audit"]]
id str format=pve-configid
""",
    "POST /cluster/metrics/server/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
type str format=pve-configid enum=graphite|influxdb|opentelemetry
@server
""",
    "PUT /cluster/metrics/server/{id}": r"""
check ["perm", "/", ["Sys.Modify"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
@server
""",
    "GET /nodes/{node}/lxc/{vmid}/rrddata": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
cf str? enum=AVERAGE|MAX
node str format=pve-node
timeframe str enum=hour|day|week|month|year
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/rrddata": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
cf str? enum=AVERAGE|MAX
node str format=pve-node
timeframe str enum=hour|day|week|month|year
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/rrddata": r"""
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
cf str? enum=AVERAGE|MAX
node str format=pve-node
timeframe str enum=hour|day|week|month|year|decade
""",
    "GET /nodes/{node}/storage/{storage}/rrddata": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1]
cf str? enum=AVERAGE|MAX
node str format=pve-node
storage str format=pve-storage-id
timeframe str enum=hour|day|week|month|year
""",
}
