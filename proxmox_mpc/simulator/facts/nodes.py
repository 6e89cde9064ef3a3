"""PVE's facts of the family ``nodes``; the package describes the form."""

# ruff: noqa: E501

ENDPOINTS: dict[str, str] = {
    "GET /nodes": r"""
check all
""",
    "GET /nodes/{node}": r"""
check all
node str format=pve-node
""",
    "GET /nodes/{node}/aplinfo": r"""
proxy
check all
node str format=pve-node
""",
    "POST /nodes/{node}/aplinfo": r"""
proxy
check ["perm", "/storage/{storage}", ["Datastore.AllocateTemplate"]]
node str format=pve-node
storage str format=pve-storage-id
template str long=255
""",
    "GET /nodes/{node}/apt": r"""
check all
node str format=pve-node
""",
    "GET /nodes/{node}/apt/update": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
""",
    "POST /nodes/{node}/apt/update": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
notify bool?
quiet bool?
""",
    "GET /nodes/{node}/apt/versions": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "GET /nodes/{node}/capabilities": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/capabilities/qemu": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/capabilities/qemu/cpu": r"""
check all
arch str? enum=x86_64|aarch64
node str format=pve-node
""",
    "GET /nodes/{node}/capabilities/qemu/machines": r"""
proxy
check all
arch str? enum=x86_64|aarch64
node str format=pve-node
""",
    "GET /nodes/{node}/certificates": r"""
check all
node str format=pve-node
""",
    "DELETE /nodes/{node}/certificates/custom": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
restart bool?
""",
    "POST /nodes/{node}/certificates/custom": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
certificates str format=pem-certificate-chain
force bool?
key str? format=pem-string
node str format=pve-node
restart bool?
""",
    "GET /nodes/{node}/certificates/info": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/config": r"""
proxy
check ["perm", "/", ["Sys.Audit"]]
node str format=pve-node
property str? enum=acme|acmedomain0|acmedomain1|acmedomain2|acmedomain3|acmedomain4|acmedomain5|ballooning-target|description|location|startall-onboot-delay|wakeonlan
""",
    "PUT /nodes/{node}/config": r"""
proxy
check ["perm", "/", ["Sys.Modify"]]
acme str? format=acme
acmedomain[n] str? format=acmedomain
ballooning-target int? min=0 max=100
delete str? format=pve-configid-list
description str? long=65536
digest str? long=40
location str? format=pve-node-location
node str format=pve-node
startall-onboot-delay int? min=0 max=300
wakeonlan str? format=wakeonlan
""",
    "GET /nodes/{node}/disks": r"""
proxy
check all
node str format=pve-node
""",
    "GET /nodes/{node}/disks/list": r"""
proxy
check ["or", ["perm", "/", ["Sys.Audit"]], ["perm", "/nodes/{node}", ["Sys.Audit"]]]
include-partitions bool?
node str format=pve-node
skipsmart bool?
type str? enum=unused|journal_disks
""",
    "GET /nodes/{node}/disks/smart": r"""
proxy
check ["perm", "/", ["Sys.Audit"]]
disk str pattern=^/dev/[a-zA-Z0-9\/]+$
healthonly bool?
node str format=pve-node
""",
    "GET /nodes/{node}/dns": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "PUT /nodes/{node}/dns": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
dns1 str? format=ip
dns2 str? format=ip
dns3 str? format=ip
node str format=pve-node
search str
""",
    "GET /nodes/{node}/hardware": r"""
check all
node str format=pve-node
""",
    "GET /nodes/{node}/hardware/pci": r"""
proxy
check ["perm", "/", ["Sys.Audit", "Sys.Modify"], "any", 1]
node str format=pve-node
pci-class-blacklist str? format=string-list
verbose bool?
""",
    "GET /nodes/{node}/hardware/usb": r"""
proxy
check ["perm", "/", ["Sys.Modify"]]
node str format=pve-node
""",
    "GET /nodes/{node}/hosts": r"""
proxy
check ["perm", "/", ["Sys.Audit"]]
node str format=pve-node
""",
    "POST /nodes/{node}/hosts": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
data str
digest str? long=64
node str format=pve-node
""",
    "GET /nodes/{node}/journal": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Syslog"]]
endcursor str?
identifiers bool?
kernel bool?
lastentries int? min=0
node str format=pve-node
priority str? pattern=^([0-7](\.\.[0-7])?)?$
service str? long=128 pattern=^[A-Za-z0-9_.@:*?!\[\]\/-]+$
since int? min=0
startcursor str?
structured bool?
unit str? long=256 pattern=^[A-Za-z0-9_.@:-]+$
units bool?
until int? min=0
""",
    "POST /nodes/{node}/migrateall": r"""
proxy
check all
max-workers int? min=1 max=64
maxworkers int? min=1 max=64
node str format=pve-node
target str format=pve-node
vms str? format=pve-vmid-list
with-local-disks bool?
""",
    "GET /nodes/{node}/netstat": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "GET /nodes/{node}/query-url-metadata": r"""
proxy
check ["or", ["perm", "/", ["Sys.Audit", "Sys.Modify"]], ["perm", "/nodes/{node}", ["Sys.AccessNetwork"]]]
node str format=pve-node
url str pattern=https?://.*
verify-certificates bool?
""",
    "GET /nodes/{node}/report": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "GET /nodes/{node}/scan": r"""
check all
node str format=pve-node
""",
    "GET /nodes/{node}/scan/cifs": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
domain str?
node str format=pve-node
password str?
server str format=pve-storage-server
username str?
""",
    "GET /nodes/{node}/scan/iscsi": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
node str format=pve-node
portal str format=pve-storage-portal-dns
""",
    "GET /nodes/{node}/scan/lvm": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
node str format=pve-node
""",
    "GET /nodes/{node}/scan/lvmthin": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
node str format=pve-node
vg str long=100 pattern=[a-zA-Z0-9\.\+\_][a-zA-Z0-9\.\+\_\-]+
""",
    "GET /nodes/{node}/scan/nfs": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
node str format=pve-node
server str format=pve-storage-server
""",
    "GET /nodes/{node}/scan/pbs": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
fingerprint str? pattern=([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}
node str format=pve-node
password str
port int? min=1 max=65535
server str format=pve-storage-server
username str
""",
    "GET /nodes/{node}/scan/zfs": r"""
proxy
check ["perm", "/storage", ["Datastore.Allocate"]]
node str format=pve-node
""",
    "GET /nodes/{node}/services": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "GET /nodes/{node}/services/{service}": r"""
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "POST /nodes/{node}/services/{service}/reload": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "POST /nodes/{node}/services/{service}/restart": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "POST /nodes/{node}/services/{service}/start": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "GET /nodes/{node}/services/{service}/state": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "POST /nodes/{node}/services/{service}/stop": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
service str enum=chrony|corosync|cron|ksmtuned|lxcfs|postfix|proxmox-firewall|pve-cluster|pve-firewall|pve-ha-crm|pve-ha-lrm|pve-lxc-syscalld|pvedaemon|pvefw-logger|pveproxy|pvescheduler|pvestatd|qmeventd|spiceproxy|sshd|syslog|systemd-journald|systemd-timesyncd
""",
    "POST /nodes/{node}/startall": r"""
proxy
check all
force bool?
max-workers int? min=1 max=64
node str format=pve-node
vms str? format=pve-vmid-list
""",
    "GET /nodes/{node}/status": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "POST /nodes/{node}/status": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.PowerMgmt"]]
command str enum=reboot|shutdown
node str format=pve-node
""",
    "POST /nodes/{node}/stopall": r"""
proxy
check all
force-stop bool?
max-workers int? min=1 max=64
node str format=pve-node
timeout int? min=0 max=7200
vms str? format=pve-vmid-list
""",
    "DELETE /nodes/{node}/subscription": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
""",
    "GET /nodes/{node}/subscription": r"""
proxy
check all
node str format=pve-node
""",
    "POST /nodes/{node}/subscription": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
force bool?
node str format=pve-node
""",
    "PUT /nodes/{node}/subscription": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
key str long=32 pattern=\s*pve([1248])([cbsp])-(arm-)?[0-9a-f]{10}\s*
node str format=pve-node
""",
    "POST /nodes/{node}/suspendall": r"""
proxy
check all
max-workers int? min=1 max=64
node str format=pve-node
vms str? format=pve-vmid-list
""",
    "GET /nodes/{node}/syslog": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Syslog"]]
limit int? min=0
node str format=pve-node
service str? long=128
since str? pattern=^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?$
start int? min=0
until str? pattern=^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?$
""",
    "GET /nodes/{node}/time": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Audit"]]
node str format=pve-node
""",
    "PUT /nodes/{node}/time": r"""
proxy
check ["perm", "/nodes/{node}", ["Sys.Modify"]]
node str format=pve-node
timezone str
""",
    "GET /nodes/{node}/version": r"""
proxy
check all
node str format=pve-node
""",
    "POST /nodes/{node}/wakeonlan": r"""
check ["perm", "/nodes/{node}", ["Sys.PowerMgmt"]]
node str format=pve-node
""",
}
