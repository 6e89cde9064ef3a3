"""The options that say how a container is to be, for ``ct create`` and ``ct set``."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.secret_input import SOURCES

Cores = Annotated[int | None, typer.Option(metavar="N", help="cores that it may use; all of its node's if not said")]
CpuLimit = Annotated[float | None, typer.Option("--cpulimit", metavar="N", help="CPUs' worth of time at most")]
CpuUnits = Annotated[int | None, typer.Option("--cpuunits", metavar="N", help="weight against other guests")]
Memory = Annotated[str | None, typer.Option(metavar="SIZE", help="memory: 512 (MiB), 2G")]
Swap = Annotated[str | None, typer.Option(metavar="SIZE", help="swap: 512 (MiB), 1G")]
Features = Annotated[
    str | None, typer.Option(metavar="FEATURE=1[,…]", help="features: nesting=1,keyctl=1,fuse=1,mount=nfs")
]
Nesting = Annotated[bool | None, typer.Option("--nesting/--no-nesting", help="containers inside it; systemd wants it")]
Onboot = Annotated[bool | None, typer.Option("--onboot/--no-onboot", help="start it when its node starts")]
Protection = Annotated[bool | None, typer.Option("--protection/--no-protection", help="PVE refuses to delete it")]
Timezone = Annotated[str | None, typer.Option(metavar="ZONE", help="its time zone; host: that of its node")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="its notes")]
Nameserver = Annotated[str | None, typer.Option(metavar="ADDRESS", help="DNS servers")]
SearchDomain = Annotated[str | None, typer.Option("--searchdomain", metavar="DOMAIN", help="DNS domain")]
Mounts = Annotated[
    list[str] | None,
    typer.Option(
        "--mp",
        metavar="STORAGE:SIZE,mp=PATH[,…]",
        help="a mount point, as local-lvm:8,mp=/srv; may be repeated",
    ),
]
Nics = Annotated[
    list[str] | None,
    typer.Option(
        "--nic", metavar="BRIDGE[,…]", help="a network card, as vmbr0,ip=dhcp,vlan=20,firewall=1; may be repeated"
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="any other key of PVE's configuration; may be repeated"),
]
PasswordFrom = Annotated[
    str | None, typer.Option("--password-from", metavar="SOURCE", help=f"root's password, from {SOURCES}")
]
SshKeys = Annotated[str | None, typer.Option("--ssh-keys", metavar="FILE", help="a file of public keys for root")]
NicKey = Annotated[str, typer.Argument(metavar="NIC", help="the card: net0")]
VolumeKey = Annotated[str, typer.Argument(metavar="VOLUME", help="rootfs, mp0, unused0")]
