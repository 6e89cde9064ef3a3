"""PVE's facts of the family ``firewall``; the package describes the form."""

GROUPS: dict[str, str] = {
    "rule": r"""
comment str? format=pve-fw-comment-spec
dest str? long=512 format=pve-fw-addr-spec
digest str? long=64
dport str? format=pve-fw-dport-spec
enable int? min=0
icmp-type str? format=pve-fw-icmp-type-spec
iface str? short=2 long=20 format=pve-iface
log str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
macro str? long=128
pos int? min=0
proto str? format=pve-fw-protocol-spec
source str? long=512 format=pve-fw-addr-spec
sport str? format=pve-fw-sport-spec
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /cluster/firewall": r"""
check all
""",
    "GET /cluster/firewall/aliases": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/firewall/aliases": r"""
check ["perm", "/", ["Sys.Modify"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "DELETE /cluster/firewall/aliases/{name}": r"""
check ["perm", "/", ["Sys.Modify"]]
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "GET /cluster/firewall/aliases/{name}": r"""
check ["perm", "/", ["Sys.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "PUT /cluster/firewall/aliases/{name}": r"""
check ["perm", "/", ["Sys.Modify"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "GET /cluster/firewall/groups": r"""
check all
""",
    "POST /cluster/firewall/groups": r"""
check ["perm", "/", ["Sys.Modify"]]
comment str? format=pve-fw-comment-spec
digest str? long=64
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
rename str? short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "DELETE /cluster/firewall/groups/{group}": r"""
check ["perm", "/", ["Sys.Modify"]]
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "GET /cluster/firewall/groups/{group}": r"""
check ["perm", "/", ["Sys.Audit"]]
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "POST /cluster/firewall/groups/{group}": r"""
check ["perm", "/", ["Sys.Modify"]]
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
comment str? format=pve-fw-comment-spec
dest str? long=512 format=pve-fw-addr-spec
digest str? long=64
dport str? format=pve-fw-dport-spec
enable int? min=0
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
icmp-type str? format=pve-fw-icmp-type-spec
iface str? short=2 long=20 format=pve-iface
log str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
macro str? long=128
pos int? min=0
proto str? format=pve-fw-protocol-spec
source str? long=512 format=pve-fw-addr-spec
sport str? format=pve-fw-sport-spec
type str enum=in|out|forward|group
""",
    "DELETE /cluster/firewall/groups/{group}/{pos}": r"""
check ["perm", "/", ["Sys.Modify"]]
digest str? long=64
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
pos int? min=0
""",
    "GET /cluster/firewall/groups/{group}/{pos}": r"""
check ["perm", "/", ["Sys.Audit"]]
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
pos int? min=0
""",
    "PUT /cluster/firewall/groups/{group}/{pos}": r"""
check ["perm", "/", ["Sys.Modify"]]
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
comment str? format=pve-fw-comment-spec
delete str? format=pve-configid-list
dest str? long=512 format=pve-fw-addr-spec
digest str? long=64
dport str? format=pve-fw-dport-spec
enable int? min=0
group str short=2 long=18 pattern=[A-Za-z][A-Za-z0-9\-\_]+
icmp-type str? format=pve-fw-icmp-type-spec
iface str? short=2 long=20 format=pve-iface
log str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
macro str? long=128
moveto int? min=0
pos int? min=0
proto str? format=pve-fw-protocol-spec
source str? long=512 format=pve-fw-addr-spec
sport str? format=pve-fw-sport-spec
type str? enum=in|out|forward|group
""",
    "GET /cluster/firewall/ipset": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/firewall/ipset": r"""
check ["perm", "/", ["Sys.Modify"]]
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "DELETE /cluster/firewall/ipset/{name}": r"""
check ["perm", "/", ["Sys.Modify"]]
force bool?
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "GET /cluster/firewall/ipset/{name}": r"""
check ["perm", "/", ["Sys.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "POST /cluster/firewall/ipset/{name}": r"""
check ["perm", "/", ["Sys.Modify"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
nomatch bool?
""",
    "DELETE /cluster/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/", ["Sys.Modify"]]
cidr str format=IPorCIDRorAlias
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "GET /cluster/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/", ["Sys.Audit"]]
cidr str format=IPorCIDRorAlias
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
""",
    "PUT /cluster/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/", ["Sys.Modify"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
nomatch bool?
""",
    "GET /cluster/firewall/macros": r"""
check all
""",
    "GET /cluster/firewall/options": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "PUT /cluster/firewall/options": r"""
check ["perm", "/", ["Sys.Modify"]]
delete str? format=pve-configid-list
digest str? long=64
ebtables bool?
enable int? min=0
log_ratelimit str? format=log_ratelimit
policy_forward str? enum=ACCEPT|DROP
policy_in str? enum=ACCEPT|REJECT|DROP
policy_out str? enum=ACCEPT|REJECT|DROP
""",
    "GET /cluster/firewall/refs": r"""
check ["perm", "/", ["Sys.Audit"]]
type str? enum=alias|ipset
""",
    "GET /cluster/firewall/rules": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/firewall/rules": r"""
check ["perm", "/", ["Sys.Modify"]]
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
type str enum=in|out|forward|group
@rule
""",
    "DELETE /cluster/firewall/rules/{pos}": r"""
check ["perm", "/", ["Sys.Modify"]]
digest str? long=64
pos int? min=0
""",
    "GET /cluster/firewall/rules/{pos}": r"""
check ["perm", "/", ["Sys.Audit"]]
pos int? min=0
""",
    "PUT /cluster/firewall/rules/{pos}": r"""
check ["perm", "/", ["Sys.Modify"]]
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
delete str? format=pve-configid-list
moveto int? min=0
type str? enum=in|out|forward|group
@rule
""",
    "GET /nodes/{node}/firewall": r"""
check all
node str format=pve-node
""",
    "GET /nodes/{node}/firewall/log": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Syslog"]]
limit int? min=0
node str format=pve-node
since int? min=0
start int? min=0
until int? min=0
""",
    "GET /nodes/{node}/firewall/options": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "PUT /nodes/{node}/firewall/options": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
delete str? format=pve-configid-list
digest str? long=64
enable bool?
log_level_forward str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
log_level_in str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
log_level_out str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
log_nf_conntrack bool?
ndp bool?
nf_conntrack_allow_invalid bool?
nf_conntrack_helpers str? format=pve-fw-conntrack-helper
nf_conntrack_max int? min=32768
nf_conntrack_tcp_timeout_established int? min=7875
nf_conntrack_tcp_timeout_syn_recv int? min=30 max=60
nftables bool?
node str format=pve-node
nosmurfs bool?
protection_synflood bool?
protection_synflood_burst int?
protection_synflood_rate int?
smurf_log_level str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
tcp_flags_log_level str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
tcpflags bool?
""",
    "GET /nodes/{node}/firewall/rules": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "POST /nodes/{node}/firewall/rules": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
type str enum=in|out|forward|group
@rule
""",
    "DELETE /nodes/{node}/firewall/rules/{pos}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
digest str? long=64
node str format=pve-node
pos int? min=0
""",
    "GET /nodes/{node}/firewall/rules/{pos}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
pos int? min=0
""",
    "PUT /nodes/{node}/firewall/rules/{pos}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
delete str? format=pve-configid-list
moveto int? min=0
node str format=pve-node
type str? enum=in|out|forward|group
@rule
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall": r"""
check all
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/aliases": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/lxc/{vmid}/firewall/aliases": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/lxc/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/lxc/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/ipset": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/lxc/{vmid}/firewall/ipset": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
force bool?
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
nomatch bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
cidr str format=IPorCIDRorAlias
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
nomatch bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/log": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Console"]]
limit int? min=0
node str format=pve-node
since int? min=0
start int? min=0
until int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/options": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/lxc/{vmid}/firewall/options": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
delete str? format=pve-configid-list
dhcp bool?
digest str? long=64
enable bool?
ipfilter bool?
log_level_in str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
log_level_out str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
macfilter bool?
ndp bool?
node str format=pve-node
policy_in str? enum=ACCEPT|REJECT|DROP
policy_out str? enum=ACCEPT|REJECT|DROP
radv bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/refs": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
type str? enum=alias|ipset
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/rules": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/lxc/{vmid}/firewall/rules": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
type str enum=in|out|forward|group
vmid int min=100 max=999999999 format=pve-vmid
@rule
""",
    "DELETE /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
digest str? long=64
node str format=pve-node
pos int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
pos int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
delete str? format=pve-configid-list
moveto int? min=0
node str format=pve-node
type str? enum=in|out|forward|group
vmid int min=100 max=999999999 format=pve-vmid
@rule
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall": r"""
check all
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/aliases": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/firewall/aliases": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/firewall/aliases/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDR
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/ipset": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/firewall/ipset": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
rename str? short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
force bool?
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
nomatch bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
cidr str format=IPorCIDRorAlias
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
cidr str format=IPorCIDRorAlias
comment str? format=pve-fw-comment-spec
digest str? long=64
name str short=2 long=64 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
nomatch bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/log": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Console"]]
limit int? min=0
node str format=pve-node
since int? min=0
start int? min=0
until int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/options": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/firewall/options": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
delete str? format=pve-configid-list
dhcp bool?
digest str? long=64
enable bool?
ipfilter bool?
log_level_in str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
log_level_out str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
macfilter bool?
ndp bool?
node str format=pve-node
policy_in str? enum=ACCEPT|REJECT|DROP
policy_out str? enum=ACCEPT|REJECT|DROP
radv bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/refs": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
type str? enum=alias|ipset
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/rules": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/firewall/rules": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
node str format=pve-node
type str enum=in|out|forward|group
vmid int min=100 max=999999999 format=pve-vmid
@rule
""",
    "DELETE /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
digest str? long=64
node str format=pve-node
pos int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
pos int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}": r"""
check ["perm", "/vms/{vmid}", ["VM.Config.Network"]]
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
delete str? format=pve-configid-list
moveto int? min=0
node str format=pve-node
type str? enum=in|out|forward|group
vmid int min=100 max=999999999 format=pve-vmid
@rule
""",
}
