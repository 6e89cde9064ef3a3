"""PVE's facts of the family ``sdn``; the package describes the form."""

GROUPS: dict[str, str] = {
    "controller": r"""
asn int? min=0 max=4294967295
bgp-mode str? enum=auto|external|internal
bgp-multipath-as-path-relax bool?
controller str short=2 long=64 pattern=[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]
ebgp bool?
ebgp-multihop int?
fabric str? format=pve-sdn-fabric-id
isis-domain str?
isis-ifaces str? format=pve-iface-list
isis-net str? short=20 long=50 format=pve-sdn-isis-net pattern=[a-fA-F0-9]{2}(\.[a-fA-F0-9]{4}){3,9}\.[a-fA-F0-9]{2}
lock-token str?
loopback str?
node str? format=pve-node
nodes str? format=pve-node-list
peer-group-name str? format=pve-configid
peers str? format=ip-list
route-map-in str? format=pve-sdn-route-map-id
route-map-out str? format=pve-sdn-route-map-id
""",
    "zone": r"""
advertise-subnets bool?
bridge str?
bridge-disable-mac-learning bool?
controller str?
dhcp str? enum=dnsmasq
disable-arp-nd-suppression bool?
dns str?
dnszone str? format=dns-name
dp-id int?
exitnodes str? format=pve-node-list
exitnodes-local-routing bool?
exitnodes-primary str? format=pve-node
fabric str? format=pve-sdn-fabric-id
ipam str?
lock-token str?
mac str? format=mac-addr
mtu int?
nodes str? format=pve-node-list
peers str? format=ip-list
reversedns str?
rt-import str? format=pve-sdn-bgp-rt-list
secondary-controllers list? items=str pattern=[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]
tag int? min=0
vlan-protocol str? enum=802.1q|802.1ad
vrf-vxlan int? min=1 max=16777215
vxlan-port int? min=1 max=65536
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /cluster/sdn": r"""
check ["perm", "/sdn", ["SDN.Audit"]]
""",
    "PUT /cluster/sdn": r"""
check ["perm", "/sdn", ["SDN.Allocate"]]
lock-token str?
release-lock bool?
""",
    "GET /cluster/sdn/controllers": r"""
check all
pending bool?
running bool?
type str? enum=bgp|evpn|faucet|isis
""",
    "POST /cluster/sdn/controllers": r"""
check ["perm", "/sdn/controllers", ["SDN.Allocate"]]
type str format=pve-configid enum=bgp|evpn|faucet|isis
@controller
""",
    "DELETE /cluster/sdn/controllers/{controller}": r"""
check ["perm", "/sdn/controllers", ["SDN.Allocate"]]
controller str short=2 long=64 pattern=[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]
lock-token str?
""",
    "GET /cluster/sdn/controllers/{controller}": r"""
check ["perm", "/sdn/controllers/{controller}", ["SDN.Allocate"]]
controller str short=2 long=64 pattern=[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9]
pending bool?
running bool?
""",
    "PUT /cluster/sdn/controllers/{controller}": r"""
check ["perm", "/sdn/controllers", ["SDN.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
@controller
""",
    "GET /cluster/sdn/dns": r"""
check all
type str? enum=powerdns
""",
    "POST /cluster/sdn/dns": r"""
check ["perm", "/sdn/dns", ["SDN.Allocate"]]
dns str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
key str
lock-token str?
reversemaskv6 int?
reversev6mask int?
ttl int?
type str format=pve-configid enum=powerdns
url str
""",
    "DELETE /cluster/sdn/dns/{dns}": r"""
check ["perm", "/sdn/dns", ["SDN.Allocate"]]
dns str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
lock-token str?
""",
    "GET /cluster/sdn/dns/{dns}": r"""
check ["perm", "/sdn/dns/{dns}", ["SDN.Allocate"]]
dns str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/dns/{dns}": r"""
check ["perm", "/sdn/dns", ["SDN.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
dns str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
key str?
lock-token str?
reversemaskv6 int?
ttl int?
url str?
""",
    "GET /cluster/sdn/ipams": r"""
check all
type str? enum=netbox|phpipam|pve
""",
    "POST /cluster/sdn/ipams": r"""
check ["perm", "/sdn/ipams", ["SDN.Allocate"]]
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
ipam str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
lock-token str?
section int?
token str?
type str format=pve-configid enum=netbox|phpipam|pve
url str?
""",
    "DELETE /cluster/sdn/ipams/{ipam}": r"""
check ["perm", "/sdn/ipams", ["SDN.Allocate"]]
ipam str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
lock-token str?
""",
    "GET /cluster/sdn/ipams/{ipam}": r"""
check ["perm", "/sdn/ipams/{ipam}", ["SDN.Allocate"]]
ipam str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/ipams/{ipam}": r"""
check ["perm", "/sdn/ipams", ["SDN.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
ipam str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
lock-token str?
section int?
token str?
url str?
""",
    "GET /cluster/sdn/ipams/{ipam}/status": r"""
check all
ipam str short=2 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "DELETE /cluster/sdn/lock": r"""
check ["perm", "/sdn", ["SDN.Allocate"]]
force bool?
lock-token str?
""",
    "POST /cluster/sdn/lock": r"""
check ["perm", "/sdn", ["SDN.Allocate"]]
allow-pending bool?
""",
    "POST /cluster/sdn/rollback": r"""
check ["perm", "/sdn", ["SDN.Allocate"]]
lock-token str?
release-lock bool?
""",
    "GET /cluster/sdn/vnets": r"""
check all
pending bool?
running bool?
""",
    "POST /cluster/sdn/vnets": r"""
check ["perm", "/sdn/zones/{zone}", ["SDN.Allocate"]]
alias str? long=256 pattern=(?i:[\(\)-_.\w\d\s]{0,256})
isolate-ports bool?
lock-token str?
tag int? min=1 max=16777215
type str? enum=vnet
vlanaware bool?
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
zone str
""",
    "DELETE /cluster/sdn/vnets/{vnet}": r"""
check all
lock-token str?
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}": r"""
check all
pending bool?
running bool?
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/vnets/{vnet}": r"""
check all
alias str? long=256 pattern=(?i:[\(\)-_.\w\d\s]{0,256})
delete str? long=4096 format=pve-configid-list
digest str? long=64
isolate-ports bool?
lock-token str?
tag int? min=1 max=16777215
vlanaware bool?
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
zone str?
""",
    "GET /cluster/sdn/vnets/{vnet}/firewall": r"""
check root
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}/firewall/options": r"""
check all
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/vnets/{vnet}/firewall/options": r"""
check all
delete str? format=pve-configid-list
digest str? long=64
enable bool?
log_level_forward str? enum=emerg|alert|crit|err|warning|notice|info|debug|nolog
policy_forward str? enum=ACCEPT|DROP
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}/firewall/rules": r"""
check all
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "POST /cluster/sdn/vnets/{vnet}/firewall/rules": r"""
check all
action str short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
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
type str enum=in|out|forward|group
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "DELETE /cluster/sdn/vnets/{vnet}/firewall/rules/{pos}": r"""
check all
digest str? long=64
pos int? min=0
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}/firewall/rules/{pos}": r"""
check all
pos int? min=0
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/vnets/{vnet}/firewall/rules/{pos}": r"""
check all
action str? short=2 long=20 pattern=[A-Za-z][A-Za-z0-9\-\_]+
comment str? format=pve-fw-comment-spec
delete str? format=pve-configid-list
dest str? long=512 format=pve-fw-addr-spec
digest str? long=64
dport str? format=pve-fw-dport-spec
enable int? min=0
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
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "DELETE /cluster/sdn/vnets/{vnet}/ips": r"""
check ["perm", "/sdn/zones/{zone}/{vnet}", ["SDN.Allocate"]]
ip str format=ip
mac str? format=mac-addr
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "POST /cluster/sdn/vnets/{vnet}/ips": r"""
check ["perm", "/sdn/zones/{zone}/{vnet}", ["SDN.Allocate"]]
ip str format=ip
mac str? format=mac-addr
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/vnets/{vnet}/ips": r"""
check ["perm", "/sdn/zones/{zone}/{vnet}", ["SDN.Allocate"]]
ip str format=ip
mac str? format=mac-addr
vmid int? min=100 max=999999999 format=pve-vmid
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}/subnets": r"""
check all
pending bool?
running bool?
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "POST /cluster/sdn/vnets/{vnet}/subnets": r"""
check all
dhcp-dns-server str? format=ip
dhcp-range list? format=pve-sdn-dhcp-range items=str
dnszoneprefix str? format=dns-name
gateway str? format=ip
lock-token str?
snat bool?
subnet str format=pve-sdn-subnet-id
type str enum=subnet
vnet str
""",
    "DELETE /cluster/sdn/vnets/{vnet}/subnets/{subnet}": r"""
check all
lock-token str?
subnet str format=pve-sdn-subnet-id
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/vnets/{vnet}/subnets/{subnet}": r"""
check all
pending bool?
running bool?
subnet str format=pve-sdn-subnet-id
vnet str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/vnets/{vnet}/subnets/{subnet}": r"""
check all
delete str? long=4096 format=pve-configid-list
dhcp-dns-server str? format=ip
dhcp-range list? format=pve-sdn-dhcp-range items=str
digest str? long=64
dnszoneprefix str? format=dns-name
gateway str? format=ip
lock-token str?
snat bool?
subnet str format=pve-sdn-subnet-id
vnet str?
""",
    "GET /cluster/sdn/zones": r"""
check all
pending bool?
running bool?
type str? enum=evpn|faucet|qinq|simple|vlan|vxlan
""",
    "POST /cluster/sdn/zones": r"""
check ["perm", "/sdn/zones", ["SDN.Allocate"]]
type str format=pve-configid enum=evpn|faucet|qinq|simple|vlan|vxlan
@zone
""",
    "DELETE /cluster/sdn/zones/{zone}": r"""
check ["perm", "/sdn/zones/{zone}", ["SDN.Allocate"]]
lock-token str?
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /cluster/sdn/zones/{zone}": r"""
check ["perm", "/sdn/zones/{zone}", ["SDN.Allocate"]]
pending bool?
running bool?
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "PUT /cluster/sdn/zones/{zone}": r"""
check ["perm", "/sdn/zones/{zone}", ["SDN.Allocate"]]
delete str? long=4096 format=pve-configid-list
digest str? long=64
@zone
""",
    "GET /nodes/{node}/sdn": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/sdn/zones": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/sdn/zones/{zone}": r"""
check ["perm", "/sdn/zones/{zone}", ["SDN.Audit"]]
node str format=pve-node
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
    "GET /nodes/{node}/sdn/zones/{zone}/content": r"""
proxy
check ["perm", "/sdn/zones/{zone}", ["SDN.Audit"]]
node str format=pve-node
zone str short=2 long=8 pattern=[a-zA-Z][a-zA-Z0-9]*[a-zA-Z0-9]
""",
}
