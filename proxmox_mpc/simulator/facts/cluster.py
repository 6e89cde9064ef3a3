"""PVE's facts of the family ``cluster``; the package describes the form."""

# ruff: noqa: E501

ENDPOINTS: dict[str, str] = {
    "GET /cluster": r"""
check all
""",
    "GET /cluster/config": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "POST /cluster/config": r"""
check root
clustername str long=15 format=pve-node
link[n] str? format=link
nodeid int? min=1
token-coefficient int? min=0
votes int? min=1
""",
    "GET /cluster/config/nodes": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
    "GET /cluster/log": r"""
check all
max int? min=1
""",
    "GET /cluster/mapping": r"""
check all
""",
    "GET /cluster/mapping/dir": r"""
check all
check-node str? format=pve-node
""",
    "POST /cluster/mapping/dir": r"""
check ["perm", "/mapping/dir", ["Mapping.Modify"]]
description str? long=4096
id str format=pve-configid
map list format=map items=str
""",
    "DELETE /cluster/mapping/dir/{id}": r"""
check ["perm", "/mapping/dir", ["Mapping.Modify"]]
id str format=pve-configid
""",
    "GET /cluster/mapping/dir/{id}": r"""
check ["or", ["perm", "/mapping/dir/{id}", ["Mapping.Use"]], ["perm", "/mapping/dir/{id}", ["Mapping.Modify"]], ["perm", "/mapping/dir/{id}", ["Mapping.Audit"]]]
id str format=pve-configid
""",
    "PUT /cluster/mapping/dir/{id}": r"""
check ["perm", "/mapping/dir/{id}", ["Mapping.Modify"]]
delete str? long=4096 format=pve-configid-list
description str? long=4096
digest str? long=64
id str format=pve-configid
map list? format=map items=str
""",
    "GET /cluster/mapping/pci": r"""
check all
check-node str? format=pve-node
""",
    "POST /cluster/mapping/pci": r"""
check ["perm", "/mapping/pci", ["Mapping.Modify"]]
description str? long=4096
id str format=pve-configid
live-migration-capable bool?
map list format=map-2 items=str
mdev bool?
""",
    "DELETE /cluster/mapping/pci/{id}": r"""
check ["perm", "/mapping/pci", ["Mapping.Modify"]]
id str format=pve-configid
""",
    "GET /cluster/mapping/pci/{id}": r"""
check ["or", ["perm", "/mapping/pci/{id}", ["Mapping.Use"]], ["perm", "/mapping/pci/{id}", ["Mapping.Modify"]], ["perm", "/mapping/pci/{id}", ["Mapping.Audit"]]]
id str format=pve-configid
""",
    "PUT /cluster/mapping/pci/{id}": r"""
check ["perm", "/mapping/pci/{id}", ["Mapping.Modify"]]
delete str? long=4096 format=pve-configid-list
description str? long=4096
digest str? long=64
id str format=pve-configid
live-migration-capable bool?
map list? format=map-2 items=str
mdev bool?
""",
    "GET /cluster/mapping/usb": r"""
check all
check-node str? format=pve-node
""",
    "POST /cluster/mapping/usb": r"""
check ["perm", "/mapping/usb", ["Mapping.Modify"]]
description str? long=4096
id str format=pve-configid
map list format=map-2-2 items=str
""",
    "DELETE /cluster/mapping/usb/{id}": r"""
check ["perm", "/mapping/usb", ["Mapping.Modify"]]
id str format=pve-configid
""",
    "GET /cluster/mapping/usb/{id}": r"""
check ["or", ["perm", "/mapping/usb/{id}", ["Mapping.Audit"]], ["perm", "/mapping/usb/{id}", ["Mapping.Use"]], ["perm", "/mapping/usb/{id}", ["Mapping.Modify"]]]
id str format=pve-configid
""",
    "PUT /cluster/mapping/usb/{id}": r"""
check ["perm", "/mapping/usb/{id}", ["Mapping.Modify"]]
delete str? long=4096 format=pve-configid-list
description str? long=4096
digest str? long=64
id str format=pve-configid
map list format=map-2-2 items=str
""",
    "GET /cluster/nextid": r"""
check all
vmid int? min=100 max=999999999 format=pve-vmid
""",
    "GET /cluster/options": r"""
check all
""",
    "PUT /cluster/options": r"""
check ["perm", "/", ["Sys.Modify"]]
bwlimit str? format=bwlimit
consent-text str? long=65536
console str? enum=applet|vv|html5|xtermjs
crs str? format=crs
delete str? format=pve-configid-list
description str? long=65536
email_from str? format=email-opt
fencing str? enum=watchdog|hardware|both
ha str? format=ha
http_proxy str? pattern=http://.*
keyboard str? enum=de|de-ch|da|en-gb|en-us|es|fi|fr|fr-be|fr-ca|fr-ch|hu|is|it|ja|lt|mk|nl|no|pl|pt|pt-br|sv|sl|tr
language str? enum=ar|ca|da|de|en|es|eu|fa|fr|hr|he|it|ja|ka|kr|nb|nl|nn|pl|pt_BR|ru|sl|sv|tr|ukr|zh_CN|zh_TW
location str? format=pve-node-location
mac_prefix str? format=mac-prefix
max_workers int? min=1
migration str? format=migration
migration_unsecure bool?
next-id str? format=next-id
notify str? format=notify
registered-tags str? pattern=(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*);)*(?i:[a-z0-9_][a-z0-9_\-\+\.]*)
replication str? format=migration
tag-style str? format=tag-style
u2f str? format=u2f
user-tag-access str? format=user-tag-access
webauthn str? format=webauthn
""",
    "GET /cluster/resources": r"""
check all
type str? enum=vm|storage|node|sdn
""",
    "GET /cluster/status": r"""
check ["perm", "/", ["Sys.Audit"]]
""",
}
