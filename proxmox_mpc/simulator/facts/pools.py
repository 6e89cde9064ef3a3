"""PVE's facts of the family ``pools``; the package describes the form."""

ENDPOINTS: dict[str, str] = {
    "DELETE /pools": r"""
check ["perm", "/pool/{poolid}", ["Pool.Allocate"]]
poolid str format=pve-poolid
""",
    "GET /pools": r"""
check all
poolid str? format=pve-poolid
type str? enum=qemu|lxc|storage requires=poolid
""",
    "POST /pools": r"""
check ["perm", "/pool/{poolid}", ["Pool.Allocate"]]
comment str?
poolid str format=pve-poolid
""",
    "PUT /pools": r"""
check ["perm", "/pool/{poolid}", ["Pool.Allocate"]]
allow-move bool?
comment str?
delete bool?
poolid str format=pve-poolid
storage str? format=pve-storage-id-list
vms str? format=pve-vmid-list
""",
    "DELETE /pools/{poolid}": r"""
check ["perm", "/pool/{poolid}", ["Pool.Allocate"]]
poolid str format=pve-poolid
""",
    "GET /pools/{poolid}": r"""
check ["perm", "/pool/{poolid}", ["Pool.Audit"]]
poolid str format=pve-poolid
type str? enum=qemu|lxc|storage
""",
    "PUT /pools/{poolid}": r"""
check ["perm", "/pool/{poolid}", ["Pool.Allocate"]]
allow-move bool?
comment str?
delete bool?
poolid str format=pve-poolid
storage str? format=pve-storage-id-list
vms str? format=pve-vmid-list
""",
}
