"""For every writing verb, the arguments with which it really does something on the simulated homelab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from proxmox_mpc.simulator.world import World

Words: TypeAlias = tuple[str, ...]
Again: TypeAlias = Literal["unchanged", "anew"] | int

SECRETS = {"NEW_PASSWORD": "correct horse battery"}
"""Environment in which samples run."""


@dataclass(frozen=True)
class Sample:
    """How a verb is called.

    ``confirm``: what is typed where it is critical. ``again``: what a second time gives: "unchanged", "anew" (it is
    done once more), or an exit status. ``ends``: how it ends, 0 unless a token cannot do it. ``task``: the type of
    the last task that it starts. ``before`` are commands that come first, ``setting`` changes the world before them,
    ``files`` are names and contents of files. ``extra``: what --yes needs beside it.
    """

    verb: str
    args: Words = ()
    confirm: str | None = None
    again: Again = "unchanged"
    ends: int = 0
    task: str | None = None
    before: tuple[Words, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    setting: Callable[[World], None] | None = None
    extra: Words = ()

    @property
    def argv(self) -> Words:
        """The words of the command line."""
        return (*self.verb.split(), *self.args)

    @property
    def confirmed(self) -> Words:
        """The option that confirms what is critical, and those that --yes needs beside it."""
        return (*(("--confirm", self.confirm) if self.confirm is not None else ()), *self.extra)


def _pve8(world: World) -> None:
    """Make it a cluster of PVE 8, which has HA groups where PVE 9 has rules."""
    world.version, world.release = "8.4.14", "8.4"
    world.ha.rules.clear()


_POWER = (
    Sample("vm start", ("103",), task="qmstart"),
    Sample("vm shutdown", ("104",), task="qmshutdown"),
    Sample("vm stop", ("104",), task="qmstop"),
    Sample("vm reboot", ("104",), again="anew", task="qmreboot"),
    Sample("vm suspend", ("104",), task="qmsuspend"),
    Sample("vm resume", ("104",), task="qmresume", before=(("vm", "suspend", "104"),)),
    Sample("vm reset", ("104",), again="anew", task="qmreset"),
    Sample("guest start", ("103",), task="qmstart"),
    Sample("guest shutdown", ("200",), task="vzshutdown"),
    Sample("guest stop", ("200",), task="vzstop"),
    Sample("guest reboot", ("200",), again="anew", task="vzreboot"),
    Sample("guest suspend", ("104",), task="qmsuspend"),
    Sample("guest resume", ("104",), task="qmresume", before=(("vm", "suspend", "104"),)),
    Sample("guest reset", ("104",), again="anew", task="qmreset"),
    Sample("ct start", ("200",), task="vzstart", before=(("ct", "stop", "200"),)),
    Sample("ct shutdown", ("200",), task="vzshutdown"),
    Sample("ct stop", ("200",), task="vzstop"),
    Sample("ct reboot", ("200",), again="anew", task="vzreboot"),
    Sample("ct suspend", ("200",), again=6, task="vzsuspend"),
    Sample("ct resume", ("200",), task="vzresume", before=(("ct", "suspend", "200"),)),
    Sample("node drain", ("pve2", "--to", "pve1", "--with-local-disks"), task="qmigrate"),
    Sample(
        "node undrain",
        ("pve2", "--with-local-disks"),
        again=5,
        task="qmigrate",
        before=(("node", "drain", "pve2", "--to", "pve1", "--with-local-disks"),),
    ),
    Sample("vm agent exec", ("104", "hostname"), again="anew"),
    Sample("vm agent file-write", ("104", "/etc/motd", "--from", "hi.txt"), again="anew", files=(("hi.txt", "hi"),)),
    Sample("vm agent fsfreeze freeze", ("104",), again="anew"),
    Sample("vm agent fsfreeze thaw", ("104",), again="anew"),
)
_GUESTS = (
    Sample("vm set", ("103", "--cores", "2", "--description", "hi"), task="qmconfig"),
    Sample("vm delete", ("103",), "win11", again=5, task="qmdestroy", extra=("--without-backup",)),
    Sample("vm clone", ("9000", "copy"), again="anew", task="qmclone"),
    Sample("vm template", ("103",), again="unchanged", task="qmtemplate"),
    Sample("vm migrate", ("104", "--to", "pve1", "--with-local-disks"), task="qmigrate"),
    Sample("vm isolate", ("104",)),
    Sample("ct isolate", ("200",)),
    Sample("guest isolate", ("104",)),
    Sample("vm disk add", ("103", "local-lvm:4"), again="anew", task="qmconfig"),
    Sample("vm disk import", ("103", "nas:iso/virtio-win-0.1.285.iso", "--storage", "local-lvm"), again="anew",
           task="qmconfig"),
    Sample("vm disk resize", ("103", "scsi0", "90G"), task="resize"),
    Sample("vm disk move", ("103", "scsi0", "nas"), task="qmmove"),
    Sample("vm disk detach", ("103", "scsi0"), again=5, task="qmconfig"),
    Sample("vm disk remove", ("103", "scsi0"), "win11", again=5, task="qmconfig"),
    Sample("vm nic add", ("103", "vmbr0,vlan=30"), again="anew"),
    Sample("vm nic set", ("103", "net0", "vlan=20")),
    Sample("vm nic remove", ("103", "net0"), again=5),
    Sample("vm cloudinit set", ("104", "--user", "zoe")),
    Sample("vm cloudinit regenerate", ("104",), again="anew"),
    Sample("ct set", ("200", "--memory", "600", "--description", "hi")),
    Sample("ct delete", ("200",), "dns", again=5, task="vzdestroy", before=(("ct", "stop", "200"),)),
    Sample("ct nic add", ("200", "vmbr0,ip=dhcp"), again="anew"),
    Sample("ct nic set", ("200", "net0", "vlan=20")),
    Sample("ct nic remove", ("202", "net1"), again=5),
    Sample("ct volume add", ("200", "local-lvm:4,mp=/srv"), again="anew"),
    Sample("ct volume resize", ("200", "rootfs", "6G"), task="resize"),
    Sample("ct volume move", ("200", "rootfs", "nas"), task="move_volume",
           before=(("ct", "stop", "200"),)),
    Sample("ct volume remove", ("200", "mp0"), "dns", again=5,
           before=(("ct", "stop", "200"), ("ct", "volume", "add", "200", "local-lvm:4,mp=/srv"))),
)  # fmt: skip


def _snapshots(noun: str, guest: str, name: str, prefix: str, old: str) -> tuple[Sample, ...]:
    return (
        Sample(f"{noun} snapshot create", (guest, "now"), again=6, task=f"{prefix}snapshot"),
        Sample(f"{noun} snapshot rollback", (guest, old), name, again="anew", task=f"{prefix}rollback"),
        Sample(f"{noun} snapshot delete", (guest, old), again=5, task=f"{prefix}delsnapshot"),
    )


_SNAPSHOTS = (
    *_snapshots("guest", "104", "docker", "qm", "weekly"),
    *_snapshots("vm", "104", "docker", "qm", "weekly"),
    *_snapshots("ct", "202", "gitea", "vz", "before-1-24"),
)
_TAGS = tuple(
    sample
    for noun, guest, tag in (("guest", "104", "docker"), ("vm", "104", "docker"), ("ct", "200", "infra"))
    for sample in (Sample(f"{noun} tag add", (guest, "new")), Sample(f"{noun} tag remove", (guest, tag)))
)
_MORE_GUESTS = (
    Sample("vm create", ("new", "--disk", "local-lvm:4", "--nic", "vmbr0", "--on-node", "pve1"), again="anew",
           task="qmcreate"),
    Sample("ct create", ("new", "--template", "debian-13", "--rootfs", "local-lvm:4", "--on-node", "pve1"),
           again="anew", task="vzcreate"),
    Sample("ct clone", ("203", "copy"), again="anew", task="vzclone"),
    Sample("ct migrate", ("201", "--to", "pve1", "--restart"), task="hamigrate"),
    Sample("ct template download", ("alpine", "--storage", "local", "--node", "pve2"), task="download"),
    Sample("ct template delete", ("nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",), again=5, task="imgdel"),
    Sample("ct template create", ("200",), before=(("ct", "stop", "200"),)),
)  # fmt: skip
_OLD = "nas-backup:backup/vzdump-lxc-202-2026_08_18-19_27_37.tar.zst"
_KEPT = "pbs:backup/vm/102/2026-09-12T19:27:37Z"
_BACKUPS = (
    Sample("backup create", ("200", "--storage", "nas-backup"), again="anew", task="vzdump"),
    Sample("backup verify", ("200", "--restore-test"), again="anew", task="vzdestroy"),
    Sample("backup restore", ("200", "--vmid", "300", "--storage", "local-lvm"), again=6, task="vzrestore"),
    Sample("backup delete", (_OLD,), again=5, task="imgdel"),
    Sample("backup protect", (_OLD,)),
    Sample("backup unprotect", (_KEPT,)),
    Sample("backup prune", ("nas-backup", "--keep", "last=1"), task="prunebackups"),
)
_POOLS = (
    Sample("pool create", ("new", "--comment", "hi"), again=6),
    Sample("pool set", ("prod", "--comment", "hi")),
    Sample("pool delete", ("lab/empty",), again=5),
    Sample("pool add", ("prod", "103")),
    Sample("pool remove", ("prod", "101")),
)
_ON_WEB = ("--guest", "101")
_FIREWALL = (
    Sample("firewall set", ("--guest", "101", "--policy-in", "REJECT")),
    Sample("firewall rule create", ("--in", "ACCEPT", "--macro", "HTTPS", *_ON_WEB)),
    Sample("firewall rule set", ("1", "--comment", "hi", *_ON_WEB)),
    Sample("firewall rule move", ("0", "2", *_ON_WEB), again="anew"),
    Sample("firewall rule enable", ("3",)),
    Sample("firewall rule disable", ("1", *_ON_WEB)),
    Sample("firewall rule delete", ("2", *_ON_WEB), again=5),
    Sample("firewall alias create", ("new", "192.0.2.1"), again=6),
    Sample("firewall alias set", ("nas", "--comment", "hi")),
    Sample("firewall alias delete", ("guests",), again=5),
    Sample("firewall ipset create", ("new",), again=6),
    Sample("firewall ipset add", ("blocked", "192.0.2.99")),
    Sample("firewall ipset remove", ("management", "10.10.0.53")),
    Sample("firewall ipset delete", ("new",), again=5, before=(("firewall", "ipset", "create", "new"),)),
    Sample("firewall group create", ("new",), again=6),
    Sample("firewall group delete", ("new",), again=5, before=(("firewall", "group", "create", "new"),)),
)
_ACCESS = (
    Sample("access user create", ("new@pve", "--comment", "hi"), again=6),
    Sample("access user set", ("bob@pve", "--comment", "hi")),
    Sample("access user password", ("bob@pve", "--password-from", "env:NEW_PASSWORD"), ends=4),
    Sample("access user delete", ("former@pve",), again=5),
    Sample("access token create", ("bob@pve!new",), again=6),
    Sample("access token set", ("zoe@pve!ci", "--comment", "hi")),
    Sample("access token rotate", ("zoe@pve!ci",), again="anew"),
    Sample("access token delete", ("zoe@pve!ci",), again=5),
    Sample("access group create", ("new",), again=6),
    Sample("access group set", ("unused", "--comment", "hi")),
    Sample("access group delete", ("unused",), again=5),
    Sample("access role create", ("New", "--privs", "VM.Audit"), again=6),
    Sample("access role set", ("Operator", "--add-privs", "VM.Clone")),
    Sample(
        "access role delete", ("New",), again=5, before=(("access", "role", "create", "New", "--privs", "VM.Audit"),)
    ),
    Sample("access acl create", ("/vms/103", "--role", "PVEVMUser", "--user", "bob@pve")),
    Sample("access acl delete", ("/vms/105", "--role", "PVEVMUser", "--user", "bob@pve")),
)
_RULE = ("new", "--resources", "vm:105", "--nodes", "pve1:2")
_GROUP = ("new", "--nodes", "pve1:2,pve2:1")
_HA = (
    Sample("ha resource create", ("100",), again=6),
    Sample("ha resource set", ("105", "--comment", "hi")),
    Sample("ha resource delete", ("105",), again=5),
    Sample("ha resource migrate", ("101", "--to", "pve2")),
    Sample("ha resource relocate", ("101", "--to", "pve2")),
    Sample("ha rule create", _RULE, again=6),
    Sample("ha rule set", ("big-nodes", "--comment", "hi")),
    Sample("ha rule delete", ("shop-together",), again=5),
    Sample("ha group create", _GROUP, again=6, setting=_pve8),
    Sample("ha group set", ("new", "--comment", "hi"), setting=_pve8, before=(("ha", "group", "create", *_GROUP),)),
    Sample("ha group delete", ("new",), again=5, setting=_pve8, before=(("ha", "group", "create", *_GROUP),)),
)
_JOBS = (
    Sample("backup job create", ("new", "--schedule", "03:30", "--guest", "100", "--storage", "nas-backup"), again=6),
    Sample("backup job set", ("backup-gitea", "--comment", "hi")),
    Sample("backup job delete", ("backup-gitea",), again=5),
    Sample("backup job run", ("backup-gitea",), again="anew", task="vzdump"),
    Sample("replication create", ("200", "--to", "pve3"), again=6),
    Sample("replication set", ("200-0", "--comment", "hi")),
    Sample("replication delete", ("200-0",), again=5),
    Sample("replication run", ("102-0",), again="anew"),
    Sample("cluster set", ("keyboard=fr",)),
)
_SDN = (
    Sample("sdn zone create", ("dmz",), again=6),
    Sample("sdn zone set", ("lab", "--mtu", "1400")),
    Sample("sdn zone delete", ("dmz",), again=5, before=(("sdn", "zone", "create", "dmz"),)),
    Sample("sdn vnet create", ("web", "--zone", "lab"), again=6),
    Sample("sdn vnet set", ("k8s", "--alias", "hi")),
    Sample("sdn vnet delete", ("iot",), again=5),
    Sample("sdn subnet create", ("k8s", "10.9.0.0/24"), again=6),
    Sample("sdn subnet set", ("lab-10.50.0.0-24", "--no-snat")),
    Sample(
        "sdn subnet delete", ("lab-10.9.0.0-24",), again=5, before=(("sdn", "subnet", "create", "k8s", "10.9.0.0/24"),)
    ),
    Sample("sdn apply", again="anew", task="reloadnetworkall"),
)
_STAGED = (("network", "create", "pve1", "vmbr9"),)
_NETWORK = (
    Sample("network create", ("pve1", "vmbr9"), again=6),
    Sample("network set", ("pve1", "vmbr1", "--mtu", "1400")),
    Sample("network delete", ("pve1", "vmbr9"), again=5, before=_STAGED),
    Sample("network apply", ("pve1",), task="srvreload", before=_STAGED),
    Sample("network revert", ("pve1",), before=_STAGED),
)
_ISO = "nas:iso/Win11_24H2_English_x64.iso"
_STORAGE = (
    Sample("storage create", ("new", "dir", "--path", "/srv/new", "--content", "iso"), again=6),
    Sample("storage set", ("nas", "--content", "images,iso")),
    Sample("storage delete", ("usb-old",), "usb-old", again=5),
    Sample(
        "storage download", ("nas", "https://files.example/disk.iso", "--on-node", "pve1"), again=6, task="download"
    ),
    Sample(
        "storage upload",
        ("local", "new.iso", "--on-node", "pve1"),
        again=6,
        task="imgcopy",
        files=(("new.iso", "data"),),
    ),
    Sample("storage volume delete", (_ISO,), again=5, task="imgdel"),
    Sample("storage volume set", (_OLD, "--notes", "hi")),
)


def _certificate() -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the files of a self-signed certificate and its key."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pve1.example")])
    now = datetime.now(UTC)
    number, end = x509.random_serial_number(), now + timedelta(days=9)
    made = x509.CertificateBuilder(name, name, key.public_key(), number, now, end)
    chain = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()
    return ("chain.pem", chain), ("key.pem", secret)


_FILES = _certificate()
_UPLOAD = ("pve1", "chain.pem", "--key-file", "key.pem")
_NODES = (
    Sample("node service start", ("cron", "pve1"), task="srvstart",
           before=(("node", "service", "stop", "cron", "pve1"),)),
    Sample("node service stop", ("cron", "pve1"), task="srvstop"),
    Sample("node service restart", ("cron", "pve1"), again="anew", task="srvrestart"),
    Sample("node service reload", ("cron", "pve1"), again="anew", task="srvreload"),
    Sample("node refresh", ("pve1",), again="anew", task="aptupdate"),
    Sample("node start-all", ("pve2",), again="anew", task="startall"),
    Sample("node stop-all", ("pve3",), task="stopall"),
    Sample("node reboot", ("pve3",), again="anew"),
    Sample("node shutdown", ("pve3",), again=6),
    Sample("node wake", ("pve3",), before=(
        ("api", "set", "/nodes/pve3/config", "wakeonlan=BC:24:11:00:00:01"), ("node", "shutdown", "pve3"))),
    Sample("node certificate upload", _UPLOAD, again=6, files=_FILES),
    Sample("node certificate delete", ("pve1",), files=_FILES, before=(("node", "certificate", "upload", *_UPLOAD),)),
)  # fmt: skip
_API = (
    Sample("api create", ("/nodes/pve1/apt/update",), again="anew", task="aptupdate"),
    Sample("api set", ("/pools", "poolid=prod", "comment=hi"), again="anew"),
    Sample("api delete", ("/nodes/pve1/network",), "/nodes/pve1/network", again="anew"),
)
_NEW_VM = (("infra/vm/150-new.yml", "name: new\nnode: pve1\nmemory: 512\n"),)
_SYNC = (
    Sample("sync push", ("150",), task="qmcreate", files=_NEW_VM),
    Sample("sync run", ("150",), task="qmcreate", files=_NEW_VM),
)
_AUDIT = (Sample("audit undo", ("1",), again=6, task="qmshutdown", before=(("vm", "start", "103"),)),)
_ALL = (
    *_POWER,
    *_GUESTS,
    *_SNAPSHOTS,
    *_TAGS,
    *_MORE_GUESTS,
    *_BACKUPS,
    *_POOLS,
    *_FIREWALL,
    *_ACCESS,
    *_HA,
    *_JOBS,
    *_SDN,
    *_NETWORK,
    *_STORAGE,
    *_NODES,
    *_API,
    *_SYNC,
    *_AUDIT,
)
SAMPLES: dict[str, Sample] = {one.verb: one for one in _ALL}
