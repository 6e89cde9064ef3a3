"""The options that say how a virtual machine is to be, for ``vm create`` and ``vm set``."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.secret_input import SOURCES

Cores = Annotated[int | None, typer.Option(metavar="N", help="cores of each socket")]
Sockets = Annotated[int | None, typer.Option(metavar="N", help="sockets")]
Cpu = Annotated[str | None, typer.Option(metavar="TYPE[,OPTS]", help="CPU type: host, x86-64-v2-AES, …")]
Memory = Annotated[str | None, typer.Option(metavar="SIZE", help="memory: 2048 (MiB), 4G")]
Balloon = Annotated[
    str | None, typer.Option(metavar="SIZE", help="to what ballooning may shrink it; 0 switches it off")
]
Boot = Annotated[str | None, typer.Option(metavar="DEVICE[,DEVICE]", help="boot order: scsi0,net0")]
Machine = Annotated[str | None, typer.Option(metavar="TYPE", help="machine type: q35, pc, …")]
Bios = Annotated[str | None, typer.Option(metavar="BIOS", help="seabios or ovmf (UEFI)")]
Ostype = Annotated[str | None, typer.Option("--ostype", metavar="OS", help="guest system: l26, win11, other, …")]
Agent = Annotated[bool | None, typer.Option("--agent/--no-agent", help="the guest agent runs in it")]
Onboot = Annotated[bool | None, typer.Option("--onboot/--no-onboot", help="start it when its node starts")]
Protection = Annotated[bool | None, typer.Option("--protection/--no-protection", help="PVE refuses to delete it")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="its notes")]
CiUser = Annotated[str | None, typer.Option("--ciuser", metavar="NAME", help="cloud-init: the user")]
PasswordFrom = Annotated[
    str | None, typer.Option("--password-from", metavar="SOURCE", help=f"cloud-init: password, from {SOURCES}")
]
SshKeys = Annotated[str | None, typer.Option("--ssh-keys", metavar="FILE", help="cloud-init: a file of public keys")]
IpConfigs = Annotated[
    list[str] | None,
    typer.Option(
        "--ipconfig",
        metavar="ADDRESS",
        help="cloud-init: dhcp, or 10.0.0.5/24,gw=10.0.0.1; the first for net0, may be repeated",
    ),
]
Nameserver = Annotated[str | None, typer.Option(metavar="ADDRESS", help="cloud-init: DNS servers")]
SearchDomain = Annotated[str | None, typer.Option("--searchdomain", metavar="DOMAIN", help="cloud-init: DNS domain")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="any other key of PVE's configuration; may be repeated"),
]
