"""PVE's facts of the family ``qemu``; the package describes the form."""

# ruff: noqa: E501

GROUPS: dict[str, str] = {
    "config": r"""
acpi bool?
affinity str? format=pve-cpuset
agent str? format=qemu-agent
allow-ksm bool?
amd-sev str? format=pve-qemu-sev-fmt
arch str? enum=x86_64|aarch64
args str?
audio0 str? format=qemu-audio0
autostart bool?
balloon int? min=0
bios str? enum=seabios|ovmf
boot str? format=pve-qm-boot
bootdisk str? format=pve-qm-bootdisk pattern=(ide|sata|scsi|virtio)\d+
cdrom str? format=pve-qm-ide
cicustom str? format=pve-qm-cicustom
cipassword str?
citype str? enum=configdrive2|nocloud|opennebula
ciupgrade bool?
ciuser str?
cores int? min=1
cpu str? format=pve-vm-cpu-conf
cpulimit num? min=0 max=128
cpuunits int? min=1 max=262144
description str? long=8192
efidisk0 str? format=qemu-efidisk0
freeze bool?
hookscript str? format=pve-volume-id
hostpci[n] str? format=pve-qm-hostpci
hotplug str? format=pve-hotplug-features
hugepages str? enum=any|2|1024
ide[n] str? format=qemu-ide
intel-tdx str? format=pve-qemu-tdx-fmt
ipconfig[n] str? format=pve-qm-ipconfig
ivshmem str? format=qemu-ivshmem
keephugepages bool?
keyboard str? enum=de|de-ch|da|en-gb|en-us|es|fi|fr|fr-be|fr-ca|fr-ch|hu|is|it|ja|lt|mk|nl|no|pl|pt|pt-br|sv|sl|tr
kvm bool?
localtime bool?
lock str? enum=backup|clone|create|migrate|rollback|snapshot|snapshot-delete|suspending|suspended
machine str? format=qemu-machine
memory str? format=qemu-memory
migrate_downtime num? min=0
migrate_speed int? min=0
name str? format=dns-name
nameserver str? format=address-list
net[n] str? format=qemu-net
node str format=pve-node
numa bool?
numa[n] str? format=qemu-numa
onboot bool?
ostype str? enum=other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris
parallel[n] str? pattern=/dev/parport\d+|/dev/usb/lp\d+
protection bool?
reboot bool?
rng0 str? format=pve-qm-rng
sata[n] str? format=qemu-sata
scsi[n] str? format=qemu-scsi
scsihw str? enum=lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi
searchdomain str?
serial[n] str? pattern=(/dev/[^,]+|socket)
shares int? min=0 max=50000
smbios1 str? long=512 format=pve-qm-smbios1
smp int? min=1
sockets int? min=1
spice_enhancements str? format=qemu-spice_enhancements
sshkeys str? format=urlencoded
startdate str? pattern=(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)
startup str? format=pve-startup-order
tablet bool?
tags str? format=pve-tag-list
tdf bool?
template bool?
tpmstate0 str? format=qemu-tpmstate0
unused[n] str? format=qemu-unused
usb[n] str? format=qemu-usb
vcpus int? min=1
vga str? format=qemu-vga
virtio[n] str? format=qemu-virtio
virtiofs[n] str? format=qemu-virtiofs
vmgenid str? pattern=(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])
vmid int min=100 max=999999999 format=pve-vmid
vmstatestorage str? format=pve-storage-id
watchdog str? format=pve-qm-watchdog
""",
}

ENDPOINTS: dict[str, str] = {
    "GET /nodes/{node}/qemu": r"""
proxy
check all
full bool?
node str format=pve-node
""",
    "POST /nodes/{node}/qemu": r"""
proxy
check all
archive str? long=255
bwlimit int? min=0
force bool? requires=archive
ha-managed bool?
import-working-storage str? format=pve-storage-id
live-restore bool?
pool str? format=pve-poolid
start bool?
storage str? format=pve-storage-id
unique bool? requires=archive
@config
""",
    "DELETE /nodes/{node}/qemu/{vmid}": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Allocate"]]
destroy-unreferenced-disks bool?
node str format=pve-node
purge bool?
skiplock bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}": r"""
proxy
check all
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent": r"""
proxy
open
check all
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Unrestricted", "VM.GuestAgent.Unrestricted"], "any", 1]
command str enum=fsfreeze-freeze|fsfreeze-status|fsfreeze-thaw|fstrim|get-fsinfo|get-host-name|get-memory-block-info|get-memory-blocks|get-osinfo|get-time|get-timezone|get-users|get-vcpus|info|network-get-interfaces|ping|shutdown|suspend-disk|suspend-hybrid|suspend-ram
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/exec": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Unrestricted"]]
command list items=str
input-data str? long=65536
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/exec-status": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Unrestricted"]]
node str format=pve-node
pid int
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/file-read": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"], "any", 1]
count int? min=1 max=16777216
decode bool?
file str
node str format=pve-node
offset int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/file-write": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.FileWrite", "VM.GuestAgent.Unrestricted"], "any", 1]
content str long=61440
encode bool?
file str
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-freeze": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-status": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/fsfreeze-thaw": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/fstrim": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-fsinfo": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-host-name": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-memory-block-info": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-memory-blocks": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-time": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-timezone": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-users": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/get-vcpus": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/info": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/ping": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/set-user-password": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.GuestAgent.Unrestricted"]]
crypted bool?
node str format=pve-node
password str short=5 long=1024
username str
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/shutdown": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/suspend-disk": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/suspend-hybrid": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/agent/suspend-ram": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"], "any", 1]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/clone": r"""
proxy
check ["and", ["perm", "/vms/{vmid}", ["VM.Clone"]], ["or", ["perm", "/vms/{newid}", ["VM.Allocate"]], ["perm", "/pool/{pool}", ["VM.Allocate"], "require_param", "pool"]]]
bwlimit int? min=0
description str?
format str? enum=raw|qcow2|vmdk
full bool?
name str? format=dns-name
newid int min=100 max=999999999 format=pve-vmid
node str format=pve-node
pool str? format=pve-poolid
snapname str? long=40 format=pve-configid
storage str? format=pve-storage-id
target str? format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/cloudinit": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/cloudinit": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Cloudinit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/cloudinit/dump": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
type str enum=user|network|meta
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/config": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
current bool?
node str format=pve-node
snapshot str? long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/config": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.HWType", "VM.Config.Options", "VM.Config.Cloudinit"], "any", 1]
background_delay int? min=1 max=30
delete str? format=pve-configid-list
digest str? long=40
force bool? requires=delete
import-working-storage str? format=pve-storage-id
revert str? format=pve-configid-list
skiplock bool?
@config
""",
    "PUT /nodes/{node}/qemu/{vmid}/config": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.HWType", "VM.Config.Options", "VM.Config.Cloudinit"], "any", 1]
delete str? format=pve-configid-list
digest str? long=40
force bool? requires=delete
revert str? format=pve-configid-list
skiplock bool?
@config
""",
    "GET /nodes/{node}/qemu/{vmid}/migrate": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Migrate"]]
node str format=pve-node
target str? format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/migrate": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Migrate"]]
bwlimit int? min=0
force bool?
migration_network str? format=CIDR
migration_type str? enum=secure|insecure
node str format=pve-node
online bool?
target str format=pve-node
targetstorage str? format=storage-pair-list
vmid int min=100 max=999999999 format=pve-vmid
with-conntrack-state bool?
with-local-disks bool?
""",
    "POST /nodes/{node}/qemu/{vmid}/move_disk": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Disk"]]
bwlimit int? min=0
delete bool?
digest str? long=40
disk str enum=ide0|ide1|ide2|ide3|scsi0|scsi1|scsi2|scsi3|scsi4|scsi5|scsi6|scsi7|scsi8|scsi9|scsi10|scsi11|scsi12|scsi13|scsi14|scsi15|scsi16|scsi17|scsi18|scsi19|scsi20|scsi21|scsi22|scsi23|scsi24|scsi25|scsi26|scsi27|scsi28|scsi29|scsi30|virtio0|virtio1|virtio2|virtio3|virtio4|virtio5|virtio6|virtio7|virtio8|virtio9|virtio10|virtio11|virtio12|virtio13|virtio14|virtio15|sata0|sata1|sata2|sata3|sata4|sata5|efidisk0|tpmstate0|unused0|unused1|unused2|unused3|unused4|unused5|unused6|unused7|unused8|unused9|unused10|unused11|unused12|unused13|unused14|unused15|unused16|unused17|unused18|unused19|unused20|unused21|unused22|unused23|unused24|unused25|unused26|unused27|unused28|unused29|unused30|unused31|unused32|unused33|unused34|unused35|unused36|unused37|unused38|unused39|unused40|unused41|unused42|unused43|unused44|unused45|unused46|unused47|unused48|unused49|unused50|unused51|unused52|unused53|unused54|unused55|unused56|unused57|unused58|unused59|unused60|unused61|unused62|unused63|unused64|unused65|unused66|unused67|unused68|unused69|unused70|unused71|unused72|unused73|unused74|unused75|unused76|unused77|unused78|unused79|unused80|unused81|unused82|unused83|unused84|unused85|unused86|unused87|unused88|unused89|unused90|unused91|unused92|unused93|unused94|unused95|unused96|unused97|unused98|unused99|unused100|unused101|unused102|unused103|unused104|unused105|unused106|unused107|unused108|unused109|unused110|unused111|unused112|unused113|unused114|unused115|unused116|unused117|unused118|unused119|unused120|unused121|unused122|unused123|unused124|unused125|unused126|unused127|unused128|unused129|unused130|unused131|unused132|unused133|unused134|unused135|unused136|unused137|unused138|unused139|unused140|unused141|unused142|unused143|unused144|unused145|unused146|unused147|unused148|unused149|unused150|unused151|unused152|unused153|unused154|unused155|unused156|unused157|unused158|unused159|unused160|unused161|unused162|unused163|unused164|unused165|unused166|unused167|unused168|unused169|unused170|unused171|unused172|unused173|unused174|unused175|unused176|unused177|unused178|unused179|unused180|unused181|unused182|unused183|unused184|unused185|unused186|unused187|unused188|unused189|unused190|unused191|unused192|unused193|unused194|unused195|unused196|unused197|unused198|unused199|unused200|unused201|unused202|unused203|unused204|unused205|unused206|unused207|unused208|unused209|unused210|unused211|unused212|unused213|unused214|unused215|unused216|unused217|unused218|unused219|unused220|unused221|unused222|unused223|unused224|unused225|unused226|unused227|unused228|unused229|unused230|unused231|unused232|unused233|unused234|unused235|unused236|unused237|unused238|unused239|unused240|unused241|unused242|unused243|unused244|unused245|unused246|unused247|unused248|unused249|unused250|unused251|unused252|unused253|unused254|unused255
format str? enum=raw|qcow2|vmdk
node str format=pve-node
storage str? format=pve-storage-id
target-digest str? long=40
target-disk str? enum=ide0|ide1|ide2|ide3|scsi0|scsi1|scsi2|scsi3|scsi4|scsi5|scsi6|scsi7|scsi8|scsi9|scsi10|scsi11|scsi12|scsi13|scsi14|scsi15|scsi16|scsi17|scsi18|scsi19|scsi20|scsi21|scsi22|scsi23|scsi24|scsi25|scsi26|scsi27|scsi28|scsi29|scsi30|virtio0|virtio1|virtio2|virtio3|virtio4|virtio5|virtio6|virtio7|virtio8|virtio9|virtio10|virtio11|virtio12|virtio13|virtio14|virtio15|sata0|sata1|sata2|sata3|sata4|sata5|efidisk0|tpmstate0|unused0|unused1|unused2|unused3|unused4|unused5|unused6|unused7|unused8|unused9|unused10|unused11|unused12|unused13|unused14|unused15|unused16|unused17|unused18|unused19|unused20|unused21|unused22|unused23|unused24|unused25|unused26|unused27|unused28|unused29|unused30|unused31|unused32|unused33|unused34|unused35|unused36|unused37|unused38|unused39|unused40|unused41|unused42|unused43|unused44|unused45|unused46|unused47|unused48|unused49|unused50|unused51|unused52|unused53|unused54|unused55|unused56|unused57|unused58|unused59|unused60|unused61|unused62|unused63|unused64|unused65|unused66|unused67|unused68|unused69|unused70|unused71|unused72|unused73|unused74|unused75|unused76|unused77|unused78|unused79|unused80|unused81|unused82|unused83|unused84|unused85|unused86|unused87|unused88|unused89|unused90|unused91|unused92|unused93|unused94|unused95|unused96|unused97|unused98|unused99|unused100|unused101|unused102|unused103|unused104|unused105|unused106|unused107|unused108|unused109|unused110|unused111|unused112|unused113|unused114|unused115|unused116|unused117|unused118|unused119|unused120|unused121|unused122|unused123|unused124|unused125|unused126|unused127|unused128|unused129|unused130|unused131|unused132|unused133|unused134|unused135|unused136|unused137|unused138|unused139|unused140|unused141|unused142|unused143|unused144|unused145|unused146|unused147|unused148|unused149|unused150|unused151|unused152|unused153|unused154|unused155|unused156|unused157|unused158|unused159|unused160|unused161|unused162|unused163|unused164|unused165|unused166|unused167|unused168|unused169|unused170|unused171|unused172|unused173|unused174|unused175|unused176|unused177|unused178|unused179|unused180|unused181|unused182|unused183|unused184|unused185|unused186|unused187|unused188|unused189|unused190|unused191|unused192|unused193|unused194|unused195|unused196|unused197|unused198|unused199|unused200|unused201|unused202|unused203|unused204|unused205|unused206|unused207|unused208|unused209|unused210|unused211|unused212|unused213|unused214|unused215|unused216|unused217|unused218|unused219|unused220|unused221|unused222|unused223|unused224|unused225|unused226|unused227|unused228|unused229|unused230|unused231|unused232|unused233|unused234|unused235|unused236|unused237|unused238|unused239|unused240|unused241|unused242|unused243|unused244|unused245|unused246|unused247|unused248|unused249|unused250|unused251|unused252|unused253|unused254|unused255
target-vmid int? min=100 max=999999999 format=pve-vmid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/pending": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/resize": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Config.Disk"]]
digest str? long=40
disk str enum=ide0|ide1|ide2|ide3|scsi0|scsi1|scsi2|scsi3|scsi4|scsi5|scsi6|scsi7|scsi8|scsi9|scsi10|scsi11|scsi12|scsi13|scsi14|scsi15|scsi16|scsi17|scsi18|scsi19|scsi20|scsi21|scsi22|scsi23|scsi24|scsi25|scsi26|scsi27|scsi28|scsi29|scsi30|virtio0|virtio1|virtio2|virtio3|virtio4|virtio5|virtio6|virtio7|virtio8|virtio9|virtio10|virtio11|virtio12|virtio13|virtio14|virtio15|sata0|sata1|sata2|sata3|sata4|sata5|efidisk0|tpmstate0
node str format=pve-node
size str pattern=\+?\d+(\.\d+)?[KMGT]?
skiplock bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/snapshot": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/snapshot": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Snapshot"]]
description str?
node str format=pve-node
snapname str long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
vmstate bool?
""",
    "DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Snapshot"]]
force bool?
node str format=pve-node
snapname str long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}": r"""
check all
node str format=pve-node
snapname str long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"], "any", 1]
node str format=pve-node
snapname str long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "PUT /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Snapshot"]]
description str?
node str format=pve-node
snapname str long=40 format=pve-configid
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Snapshot", "VM.Snapshot.Rollback"], "any", 1]
node str format=pve-node
snapname str long=40 format=pve-configid
start bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/status": r"""
proxy
check all
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "GET /nodes/{node}/qemu/{vmid}/status/current": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Audit"]]
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/reboot": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
node str format=pve-node
timeout int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/reset": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
node str format=pve-node
skiplock bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/resume": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
nocheck bool?
node str format=pve-node
skiplock bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/shutdown": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
forceStop bool?
keepActive bool?
node str format=pve-node
skiplock bool?
timeout int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/start": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
force-cpu str?
machine str? format=qemu-machine
migratedfrom str? format=pve-node
migration_network str? format=CIDR
migration_type str? enum=secure|insecure
nets-host-mtu str? pattern=net\d+=\d+(,net\d+=\d+)*
node str format=pve-node
skiplock bool?
stateuri str? long=128
targetstorage str? format=storage-pair-list
timeout int? min=0
vmid int min=100 max=999999999 format=pve-vmid
with-conntrack-state bool?
""",
    "POST /nodes/{node}/qemu/{vmid}/status/stop": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
keepActive bool?
migratedfrom str? format=pve-node
node str format=pve-node
overrule-shutdown bool?
skiplock bool?
timeout int? min=0
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/status/suspend": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]]
node str format=pve-node
skiplock bool?
statestorage str? format=pve-storage-id requires=todisk
todisk bool?
vmid int min=100 max=999999999 format=pve-vmid
""",
    "POST /nodes/{node}/qemu/{vmid}/template": r"""
proxy
check ["perm", "/vms/{vmid}", ["VM.Allocate"]]
disk str? enum=ide0|ide1|ide2|ide3|scsi0|scsi1|scsi2|scsi3|scsi4|scsi5|scsi6|scsi7|scsi8|scsi9|scsi10|scsi11|scsi12|scsi13|scsi14|scsi15|scsi16|scsi17|scsi18|scsi19|scsi20|scsi21|scsi22|scsi23|scsi24|scsi25|scsi26|scsi27|scsi28|scsi29|scsi30|virtio0|virtio1|virtio2|virtio3|virtio4|virtio5|virtio6|virtio7|virtio8|virtio9|virtio10|virtio11|virtio12|virtio13|virtio14|virtio15|sata0|sata1|sata2|sata3|sata4|sata5|efidisk0|tpmstate0
node str format=pve-node
vmid int min=100 max=999999999 format=pve-vmid
""",
}
