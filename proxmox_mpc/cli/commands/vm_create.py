"""vm: creating."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands import vm_args
from proxmox_mpc.cli.commands.guest_args import found
from proxmox_mpc.cli.commands.secret_input import secret_from, text_from
from proxmox_mpc.cli.commands.settings_file import settings_file
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.vm_options import VmOptions, pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.vm_create import create_from_clone, create_vm
from proxmox_mpc.services.vm_create_keys import NewVm

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.json import Json

_SIZE = re.compile(r"\d[\d.]*[A-Za-z]*")


@write(declares=True)
def create(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="its name")] = None,
    vmid: Annotated[int | None, typer.Option(metavar="ID", help="its id; else the next free one")] = None,
    on_node: Annotated[
        str | None,
        typer.Option(
            "--on-node",
            metavar="NODE",
            help="on this node; auto: the one with most free memory that has what it needs (the default)",
            autocompletion=values("node"),
        ),
    ] = None,
    cores: vm_args.Cores = None,
    sockets: vm_args.Sockets = None,
    cpu: vm_args.Cpu = None,
    memory: vm_args.Memory = None,
    balloon: vm_args.Balloon = None,
    disk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STORAGE:SIZE[,OPTS]",
            help="a disk: local-lvm:32 (GiB), nas:512M,ssd=1,bus=virtio, scsi3=nas:8; may be repeated",
        ),
    ] = None,
    nic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BRIDGE[,OPTS]", help="a network card: vmbr0,vlan=20,firewall=1,model=e1000; may be repeated"
        ),
    ] = None,
    iso: Annotated[str | None, typer.Option(metavar="VOLUME", help="a CD: local:iso/debian.iso")] = None,
    image: Annotated[
        str | None, typer.Option(metavar="URL|VOLUME", help="make its first disk from this image, with cloud-init")
    ] = None,
    checksum: Annotated[
        str | None, typer.Option(metavar="SHA256:HEX", help="what a downloaded image must have")
    ] = None,
    image_storage: Annotated[
        str | None, typer.Option(metavar="STORAGE", help="where the image is kept; else the first that takes imports")
    ] = None,
    disk_size: Annotated[str | None, typer.Option(metavar="SIZE", help="grow the image's disk to this")] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="STORAGE",
            help="where the image's disk and the drive of cloud-init go",
            autocompletion=values("storage"),
        ),
    ] = None,
    clone_from: Annotated[
        str | None, typer.Option(metavar="GUEST", help="clone this VM or template, then change it")
    ] = None,
    full: Annotated[bool | None, typer.Option("--full/--linked", help="with --clone-from: copy all, or link")] = None,
    boot: vm_args.Boot = None,
    machine: vm_args.Machine = None,
    bios: vm_args.Bios = None,
    efi: Annotated[str | None, typer.Option(metavar="STORAGE", help="UEFI, its variables on this storage")] = None,
    tpm: Annotated[str | None, typer.Option(metavar="STORAGE", help="a TPM 2.0, its state on this storage")] = None,
    ostype: vm_args.Ostype = None,
    agent: vm_args.Agent = None,
    onboot: vm_args.Onboot = None,
    protection: vm_args.Protection = None,
    description: vm_args.Description = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="a tag; may be repeated")] = None,
    pool: Annotated[str | None, typer.Option(metavar="POOL", help="its pool", autocompletion=values("pool"))] = None,
    cloudinit: Annotated[
        str | None, typer.Option("--cloudinit", metavar="STORAGE", help="a drive for cloud-init on this storage")
    ] = None,
    ciuser: vm_args.CiUser = None,
    password_from: vm_args.PasswordFrom = None,
    ssh_keys: vm_args.SshKeys = None,
    ipconfig: vm_args.IpConfigs = None,
    nameserver: vm_args.Nameserver = None,
    searchdomain: vm_args.SearchDomain = None,
    settings: vm_args.Settings = None,
    from_file: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE", help="YAML or JSON in PVE's own keys (- for stdin); options go before it"
        ),
    ] = None,
    ha: Annotated[bool, typer.Option("--ha", help="managed by high availability")] = False,
    start: Annotated[bool, typer.Option("--start", help="start it")] = False,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="a VM of this name (or --vmid) that is there is fine")
    ] = False,
) -> Result:
    """Create a virtual machine.

    New with --disk and --nic, from a cloud image with --image, from a file with --from, as a clone with --clone-from.
    What is not said is as the web interface proposes it: 2 GiB of memory, CPU x86-64-v2-AES, VirtIO SCSI.
    """
    context = context_of(ctx)
    default_storage = context.settings.text("defaults.storage")
    base = {} if from_file is None else _base(context, from_file)
    if vmid is None and "vmid" in base:
        vmid = _number(base["vmid"])
    node = on_node or base.get("node") or context.settings.text("defaults.node")
    options = VmOptions(
        name=name,
        cores=cores,
        sockets=sockets,
        cpu=cpu,
        memory=memory,
        balloon=balloon,
        disks=[_placed(written, default_storage) for written in disk or ()],
        nics=nic or _default_cards(context, base) if image is not None else nic or (),
        iso=iso,
        boot=boot,
        machine=machine,
        bios=bios,
        efi=efi,
        tpm=tpm,
        ostype=ostype,
        agent=agent,
        onboot=onboot,
        protection=protection,
        description=description,
        tags=tag or (),
        cloudinit=cloudinit,
        ciuser=ciuser,
        password=None if password_from is None else secret_from(context, password_from, "--password-from"),
        keys=None if ssh_keys is None else text_from(context, ssh_keys, "--ssh-keys"),
        ipconfigs=ipconfig or (),
        nameserver=nameserver,
        searchdomain=searchdomain,
        settings=pairs(settings or ()),
    )
    new = NewVm(
        options,
        vmid=vmid,
        node=None if node == "auto" else node,
        pool=pool or base.get("pool"),
        base={key: text for key, text in base.items() if key not in ("vmid", "node", "pool")},
        image=image,
        image_storage=image_storage,
        checksum=checksum,
        disk_size=disk_size,
        storage=storage or (default_storage if image is not None else None),
        ha=ha,
        start=start,
        if_missing=if_missing,
    )
    if clone_from is None:
        if full is not None:
            raise UsageError("--full and --linked belong to --clone-from")
        return context.guard.run(create_vm(context.live, new))
    if image is not None or iso is not None:
        raise UsageError("--clone-from takes its disks from there, and no --image or --iso")
    if on_node in (None, "auto"):
        new = new._replace(node=None)
    return context.guard.run(create_from_clone(context.live, new, found(ctx, clone_from), full=full))


def _placed(written: str, storage: str | None) -> str:
    """Put the default storage before a disk that is only a size."""
    if storage is not None and _SIZE.fullmatch(written.partition(",")[0]):
        return f"{storage}:{written}"
    return written


def _default_cards(context: Context, base: dict[str, str]) -> list[str]:
    """Return the card that an image gets where none is said: on the default bridge, where there is one."""
    bridge = context.settings.text("defaults.bridge")
    return [bridge] if bridge and not any(NIC.fullmatch(key) for key in base) else []


def _base(context: Context, path: str) -> dict[str, str]:
    """Return what a file says, each value as PVE writes it; raises UsageError."""
    return {key: _written(key, value) for key, value in settings_file(context, path).items() if value is not None}


def _written(key: str, value: Json) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(str(one) for one in value)
    if isinstance(value, (list, dict)):
        raise UsageError(f"--from: {key} must be one value, as PVE writes it", hint="as in: net0: virtio,bridge=vmbr0")
    return str(value)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"--from: vmid: {text[:60]!r} is no id of a guest")
    return int(text)
