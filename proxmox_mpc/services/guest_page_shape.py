"""What the page of a guest holds."""

from __future__ import annotations

from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.services.guest_backups import BACKUP_FIELDS
from proxmox_mpc.services.guest_details import PENDING_FIELDS
from proxmox_mpc.services.guest_network import ADDRESS_FIELDS

DISK_FIELDS = (
    Field("key", "string", "its key in the configuration"),
    Field(
        "bus", "string", "scsi, virtio, sata, ide, efidisk, tpmstate; rootfs or mp of a container; unused", level="data"
    ),
    Field(
        "media", "string", "disk, cdrom, cloud-init, EFI variables, TPM state, root, mount point, bind mount, unused"
    ),
    Field("storage", "string?", "the storage it is on"),
    Field("volume", "string?", "the volume, or the path"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("format", "string?", "its format, where it is stated", level="wide"),
    Field("mount", "string?", "where a container mounts it"),
    Field("flags", "list", "how it behaves, where that is not the default"),
)
NIC_FIELDS = (
    Field("key", "string", "its key in the configuration"),
    Field("name", "string?", "its name inside a container"),
    Field("model", "string?", "a VM's model: virtio, e1000, …"),
    Field("mac", "string?", "its MAC address"),
    Field("bridge", "string?", "the bridge or virtual network it is on"),
    Field("vlan", "integer?", "its VLAN tag"),
    Field("trunks", "string?", "the VLANs that it passes on", level="wide"),
    Field("firewall", "boolean", "whether the firewall filters it"),
    Field("link", "boolean", "whether its cable is plugged in"),
    Field("rate", "number?", "its limit in MB/s", title="RATE MB/s"),
    Field("mtu", "integer?", "its MTU", level="wide"),
    Field("queues", "integer?", "its packet queues", level="wide"),
    Field("ip", "string?", "its IPv4 address as configured"),
    Field("gateway", "string?", "its IPv4 gateway as configured"),
    Field("ip6", "string?", "its IPv6 address as configured", level="wide"),
    Field("gateway6", "string?", "its IPv6 gateway as configured", level="wide"),
)
CLOUDINIT_FIELDS = (
    Field("drive", "string?", "the drive that carries it"),
    Field("type", "string?", "nocloud, configdrive2, opennebula; null for the default of the OS type"),
    Field("user", "string?", "the user that it sets up"),
    Field("password_set", "boolean", "whether it sets a password"),
    Field("ssh_keys", "list", "type and comment of the public keys"),
    Field("upgrade", "boolean", "whether packages are upgraded at first boot"),
    Field("nameserver", "string?", "name servers; null for those of the node"),
    Field("searchdomain", "string?", "search domain; null for that of the node"),
    Field("custom", "string?", "files that replace what is generated"),
    Field(
        "addresses",
        "rows",
        "what each card gets",
        fields=(
            Field("nic", "string", "the card"),
            Field("ip", "string?", "IPv4 address or dhcp"),
            Field("gateway", "string?", "IPv4 gateway"),
            Field("ip6", "string?", "IPv6 address, dhcp or auto"),
            Field("gateway6", "string?", "IPv6 gateway"),
        ),
    ),
)
_CPU = (
    Field("total", "integer?", "virtual CPUs; null for a container without limit"),
    Field("cores", "integer?", "cores of a socket"),
    Field("sockets", "integer?", "sockets of a VM"),
    Field("type", "string?", "the processor that a VM sees"),
    Field("flags", "list", "processor flags switched on (+) or off (-)"),
    Field("limit", "number?", "limit in CPUs"),
    Field("units", "integer?", "weight against other guests"),
    Field("affinity", "string?", "the node's CPUs it is bound to"),
    Field("numa", "boolean?", "whether a VM knows NUMA"),
    Field("used", "number?", "use now", unit="fraction"),
)
_MEMORY = (
    Field("maximum", "integer", "memory it may use", unit="bytes"),
    Field("minimum", "integer?", "to what ballooning may shrink a VM", unit="bytes"),
    Field("ballooning", "boolean?", "whether a VM has the balloon device"),
    Field("swap", "integer?", "swap of a container", unit="bytes"),
    Field("hugepages", "string?", "huge pages of a VM"),
    Field("used", "integer?", "in use now", unit="bytes"),
)
_SNAPSHOTS = (
    Field("count", "integer", "how many"),
    Field("active", "string?", "the one that the present state is based on"),
    Field("newest", "string?", "the newest"),
    Field("newest_created", "time?", "when the newest was taken"),
)
_BACKUPS = (
    Field("count", "integer", "how many were found"),
    Field("complete", "boolean", "whether none could be overlooked; false: no backup found proves nothing"),
    Field("storages", "list", "the storages that were looked through"),
    Field("last", "object?", "the newest", fields=BACKUP_FIELDS),
)
REPLICATION_FIELDS = (
    Field("id", "string", "the job"),
    Field("target", "string?", "the node it goes to"),
    Field("schedule", "string?", "when it runs"),
    Field("enabled", "boolean", "whether it runs at all"),
    Field("last_sync", "time?", "when it last succeeded"),
    Field("failures", "integer?", "failed runs since then"),
    Field("error", "string?", "the last error"),
)
GUEST_PAGE = item(
    Field("vmid", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node it is on"),
    Field("status", "string", "running, stopped, paused"),
    Field("uptime", "integer?", "time since it was started", unit="seconds"),
    Field("lock", "string?", "what holds it locked"),
    Field("template", "boolean", "whether it is a template"),
    Field("protection", "boolean", "whether it is protected from removal"),
    Field("tags", "list", "its tags"),
    Field("pool", "string?", "its pool"),
    Field("description", "string?", "its description"),
    Field("created", "time?", "when it was created"),
    Field("uuid", "string?", "a VM's SMBIOS UUID"),
    Field("os", "string?", "the OS type it is set up for"),
    Field("unprivileged", "boolean?", "whether a container has its own user ids"),
    Field("features", "list", "what a container may do beyond the default"),
    Field("arch", "string?", "its architecture, where it is stated"),
    Field("machine", "string?", "a VM's machine type; null for the default"),
    Field("bios", "string?", "a VM's firmware: seabios or ovmf (UEFI)"),
    Field("scsi_controller", "string?", "a VM's SCSI controller"),
    Field("boot_order", "list", "the devices that a VM boots from"),
    Field("cpu", "object", "processors", fields=_CPU),
    Field("memory", "object", "memory", fields=_MEMORY),
    Field(
        "startup",
        "object",
        "start with the node",
        fields=(
            Field("onboot", "boolean", "whether its node starts it"),
            Field("order", "integer?", "its place in the order"),
            Field("up_delay", "integer?", "wait after its start", unit="seconds"),
            Field("down_delay", "integer?", "time it gets to shut down", unit="seconds"),
        ),
    ),
    Field(
        "agent",
        "object?",
        "a VM's guest agent",
        fields=(
            Field("enabled", "boolean", "whether it is switched on"),
            Field("options", "list", "its options"),
            Field("answers", "boolean?", "whether it answers; null where it was not asked"),
        ),
    ),
    Field(
        "ha",
        "object",
        "high availability",
        fields=(
            Field("managed", "boolean", "whether it is managed"),
            Field("state", "string?", "its state"),
            Field("group", "string?", "its group (PVE 8)"),
        ),
    ),
    Field("disks", "rows", "disks and volumes", fields=DISK_FIELDS),
    Field("nics", "rows", "network cards", fields=NIC_FIELDS),
    Field("addresses", "rows", "the addresses that it has now", fields=ADDRESS_FIELDS),
    Field("cloud_init", "object?", "cloud-init of a VM", fields=CLOUDINIT_FIELDS),
    Field("snapshots", "object?", "snapshots; null where they could not be read", fields=_SNAPSHOTS),
    Field("backups", "object?", "backups; null where they could not be read", fields=_BACKUPS),
    Field("replication", "rows?", "replication jobs; null where they could not be read", fields=REPLICATION_FIELDS),
    Field(
        "pending", "rows?", "changes that wait for a restart; null where they could not be read", fields=PENDING_FIELDS
    ),
    Field("settings", "object", "everything else that is set, in PVE's keys"),
    Field("network_in", "integer?", "bytes received since its start", unit="bytes"),
    Field("network_out", "integer?", "bytes sent since its start", unit="bytes"),
    Field("disk_read", "integer?", "bytes read since its start", unit="bytes"),
    Field("disk_written", "integer?", "bytes written since its start", unit="bytes"),
    Field("stale_since", "time?", "when it was last seen, where the answer is from the database and not fresh"),
    Field("notes", "list", "what this page cannot tell, and why"),
    doc="Everything about one guest.",
)
