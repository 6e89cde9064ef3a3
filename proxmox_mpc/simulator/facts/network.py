"""PVE's facts of the family ``network``; the package describes the form."""

# ruff: noqa: E501

GROUPS: dict[str, str] = {
    "interface": r"""
address str? format=ipv4 requires=netmask
address6 str? format=ipv6 requires=netmask6
autostart bool?
bond-primary str? format=pve-iface
bond_mode str? enum=balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb|balance-slb|lacp-balance-slb|lacp-balance-tcp
bond_xmit_hash_policy str? enum=layer2|layer2+3|layer3+4
bridge_ports str? format=pve-iface-list
bridge_vids str? format=pve-vlan-id-or-range-list
bridge_vlan_aware bool?
cidr str? format=CIDRv4
cidr6 str? format=CIDRv6
comments str?
comments6 str?
gateway str? format=ipv4
gateway6 str? format=ipv6
iface str short=2 long=20 format=pve-iface
mtu int? min=1280 max=65520
netmask str? format=ipv4mask requires=address
netmask6 int? min=0 max=128 requires=address6
node str format=pve-node
ovs_bonds str? format=pve-iface-list
ovs_bridge str? format=pve-iface
ovs_options str? long=1024
ovs_ports str? format=pve-iface-list
ovs_tag int? min=1 max=4094
slaves str? format=pve-iface-list
type str enum=bridge|bond|eth|alias|vlan|fabric|OVSBridge|OVSBond|OVSPort|OVSIntPort|vnet|unknown
vlan-id int? min=1 max=4094
vlan-raw-device str? format=pve-iface
""",
}

ENDPOINTS: dict[str, str] = {
    "DELETE /nodes/{node}/network": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
""",
    "GET /nodes/{node}/network": r"""
proxy
check all
node str format=pve-node
type str? enum=bridge|bond|eth|alias|vlan|fabric|OVSBridge|OVSBond|OVSPort|OVSIntPort|vnet|any_bridge|any_local_bridge|include_sdn
""",
    "POST /nodes/{node}/network": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
@interface
""",
    "PUT /nodes/{node}/network": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
regenerate-frr bool?
""",
    "DELETE /nodes/{node}/network/{iface}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
iface str short=2 long=20 format=pve-iface
node str format=pve-node
""",
    "GET /nodes/{node}/network/{iface}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
iface str short=2 long=20 format=pve-iface
node str format=pve-node
""",
    "PUT /nodes/{node}/network/{iface}": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
delete str? format=pve-configid-list
@interface
""",
}
