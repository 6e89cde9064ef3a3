"""What the keys of manifests are for, in a line each: editors show it."""

from __future__ import annotations

_WORDS = """
acpi: ACPI in the guest
affinity: the host's CPUs that the guest may run on, such as 0,2-5
agent: the QEMU guest agent: 1, or enabled=1,fstrim_cloned_disks=1
arch: the architecture of the processor
args: arguments passed to QEMU as they are; root only
audio: a sound device
balloon: memory in MiB down to which the guest may shrink; 0 switches ballooning off
bios: seabios, or ovmf for UEFI
boot: the devices to boot from: order=scsi0;net0
cicustom: files that replace those of cloud-init: user=local:snippets/user.yaml
citype: the form in which cloud-init gets its data
ciupgrade: whether cloud-init upgrades packages at first boot
ciuser: the user that cloud-init sets up
cmode: what the console shows: tty, console or shell
cores: processor cores, of a VM for each socket
cpu: the model of the processor, with flags: host, x86-64-v2-AES,flags=+aes
cpulimit: how many CPUs' time it may use; 0 is no limit
cpuunits: its weight against others when CPUs are short
description: notes, shown in the web interface as Markdown
dev: a device of the host that is passed through
efidisk: the disk of UEFI's variables: local-lvm:1,efitype=4m,pre-enrolled-keys=1
features: what the container may do beyond the usual: nesting=1,keyctl=1
freeze: start with the CPUs stopped
hookscript: a script that runs at start and stop: local:snippets/hook.pl
hostname: the container's host name
hostpci: a PCI device of the host that is passed through
hotplug: what can be added while it runs: disk,network,usb,memory,cpu
hugepages: the size of huge pages in MiB, or any
ide: a drive: local:iso/debian.iso,media=cdrom
include: files below infra/ that this one builds on, lowest first
ipconfig: the address that cloud-init gives a network card: ip=dhcp, or ip=10.0.0.5/24,gw=10.0.0.1
keyboard: the layout of the console's keyboard
kvm: hardware virtualisation
localtime: the clock in local time
machine: the machine type: q35, pc, or one with its release
memory: memory in MiB
mp: a mount point: local-lvm:8,mp=/srv
name: the VM's name
nameserver: DNS servers, separated by blanks
net: a network card: virtio,bridge=vmbr0,tag=20; of a container name=eth0,bridge=vmbr0,ip=dhcp
node: the node on which push creates it; compared with the cluster only with track: [node]
numa: NUMA in the guest; numa0 and on describe its nodes
onboot: whether it starts with its node
ostemplate: the template that push makes the container from: local:vztmpl/debian-13.tar.zst
ostype: the kind of operating system
parallel: a parallel port
pool: the pool that it belongs to
protection: forbids removing it and its disks
rng: a source of randomness: source=/dev/urandom
rootfs: the root file system: local-lvm:8
sata: a drive on SATA
scsi: a drive on SCSI: local-lvm:32,ssd=1
scsihw: the SCSI controller
searchdomain: DNS search domains
serial: a serial port: socket, or a device
shares: its weight in ballooning
smbios1: what SMBIOS tells: manufacturer, product, uuid, …
sockets: processor sockets
sshkeys: public keys for cloud-init, percent-encoded, one a line
startup: order and delays of start and stop: order=1,up=30
status: running or stopped; compared with the cluster only with track: [status]
swap: swap in MiB
tablet: the tablet as pointing device
tags: labels, separated by semicolons, or a list
template: whether it is a template
timezone: host, or a zone such as Europe/Berlin
tpmstate: the disk of the TPM's state: local-lvm:1,version=v2.0
track: node and status are compared with the cluster only where they are named here
tty: how many terminals it has
unprivileged: whether root inside is nobody outside; fixed at creation
usb: a USB device
vars: variables for ${name} in this file and in what it includes
vcpus: how many of its processors are plugged in at the start
vga: the display
virtio: a drive on virtio
virtiofs: a directory of the host that is shared
vmid: the guest's number; the file's name says it already
vmstatestorage: where its memory goes when it is suspended to disk
watchdog: a watchdog: model=i6300esb,action=reset
"""


def described(key: str) -> str:
    """Return a line on a key, or on numbered keys by the key without number; empty for the rarest."""
    for line in _WORDS.splitlines():
        name, colon, words = line.partition(": ")
        if colon and name == key:
            return words
    return ""
