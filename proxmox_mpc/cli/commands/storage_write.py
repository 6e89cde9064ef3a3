"""storage: defining storages, fetching files onto them, and changing or deleting volumes."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.secret_input import secret_from
from proxmox_mpc.cli.commands.write_args import Deletes, IfMissing, IgnoreMissing, Sets
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import storage_files, storage_volume_writes, storage_writes
from proxmox_mpc.services.setting_tables import Given

Storage = Annotated[str, typer.Argument(metavar="STORAGE", help="the storage", autocompletion=values("storage"))]
Storages = Annotated[
    list[str], typer.Argument(metavar="STORAGE...", help="the storages", autocompletion=values("storage"))
]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="dir, nfs, cifs, pbs, lvm, lvmthin, zfspool, rbd, cephfs …")]
Content = Annotated[
    str | None, typer.Option("--content", metavar="A,B", help="images, rootdir, iso, vztmpl, backup, snippets, import")
]
OnNodes = Annotated[str | None, typer.Option("--nodes", metavar="A,B", help="only on these nodes")]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="whether it is used")]
Path = Annotated[str | None, typer.Option("--path", metavar="DIR", help="the directory (dir, btrfs)")]
Server = Annotated[str | None, typer.Option("--server", metavar="HOST", help="the server (nfs, cifs, pbs)")]
Export = Annotated[str | None, typer.Option("--export", metavar="PATH", help="what the server exports (nfs)")]
Share = Annotated[str | None, typer.Option("--share", metavar="NAME", help="the share (cifs)")]
Datastore = Annotated[str | None, typer.Option("--datastore", metavar="NAME", help="the datastore (pbs)")]
Username = Annotated[str | None, typer.Option("--username", metavar="NAME", help="user, or token id (cifs, pbs)")]
Fingerprint = Annotated[str | None, typer.Option("--fingerprint", metavar="HEX", help="of the certificate (pbs)")]
Pool = Annotated[str | None, typer.Option("--pool", metavar="NAME", help="the pool (zfspool, rbd)")]
Vg = Annotated[str | None, typer.Option("--vgname", metavar="NAME", help="the volume group (lvm, lvmthin)")]
Thin = Annotated[str | None, typer.Option("--thinpool", metavar="NAME", help="the thin pool (lvmthin)")]
Shared = Annotated[bool | None, typer.Option("--shared/--no-shared", help="whether all nodes see the same there")]
Prune = Annotated[
    str | None, typer.Option("--prune-backups", metavar="KEEP", help="which backups stay: keep-last=3,keep-weekly=4")
]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password-from",
        metavar="SOURCE",
        help="where the password comes from: env:NAME, file:PATH, command:COMMAND, keyring:NAME or prompt",
    ),
]
Url = Annotated[str, typer.Argument(metavar="URL", help="where the node fetches it from: http:// or https://")]
Kind = Annotated[str, typer.Option("--content", metavar="KIND", help="iso, vztmpl or import")]
OnNode = Annotated[
    str | None,
    typer.Option("--on-node", metavar="NODE", help="the node whose storage is meant", autocompletion=values("node")),
]
# --on-node is where something new goes; here it is an old spelling.
OnlyNode = Annotated[
    str | None,
    typer.Option(
        "--node", "--on-node", metavar="NODE", help="where, if several nodes have it", autocompletion=values("node")
    ),
]
Filename = Annotated[str | None, typer.Option("--filename", metavar="NAME", help="what it is called there")]
Checksum = Annotated[
    str | None, typer.Option("--checksum", metavar="SUM", help="sha256:HEX, sha512:HEX …; another file is not kept")
]
Insecure = Annotated[bool, typer.Option("--no-verify", help="accept any certificate of the server in the URL")]
Volume = Annotated[str, typer.Argument(metavar="VOLUME", help="STORAGE:NAME, as pmpc storage content lists it")]
Volumes = Annotated[list[str], typer.Argument(metavar="VOLUME...", help="STORAGE:NAME")]
Notes = Annotated[str | None, typer.Option("--notes", metavar="TEXT", help="its notes (backups)")]
Protect = Annotated[bool | None, typer.Option("--protect/--no-protect", help="keep it from being removed (backups)")]


@write()
def create(
    ctx: typer.Context,
    storage: Storage,
    kind: Type,
    content: Content = None,
    nodes: OnNodes = None,
    path: Path = None,
    server: Server = None,
    export: Export = None,
    share: Share = None,
    datastore: Datastore = None,
    username: Username = None,
    password_from: PasswordFrom = None,
    fingerprint: Fingerprint = None,
    pool: Pool = None,
    vgname: Vg = None,
    thinpool: Thin = None,
    shared: Shared = None,
    prune_backups: Prune = None,
    set_: Sets = None,
    if_missing: IfMissing = False,
) -> Result:
    """Define a storage for the whole cluster, or for some nodes."""
    context = context_of(ctx)
    options: dict[str, Given] = {
        "content": content,
        "nodes": nodes,
        "path": path,
        "server": server,
        "export": export,
        "share": share,
        "datastore": datastore,
        "username": username,
        "fingerprint": fingerprint,
        "pool": pool,
        "vgname": vgname,
        "thinpool": thinpool,
        "shared": shared,
        "prune-backups": prune_backups,
    }
    plan = storage_writes.create_storage(
        context.live,
        storage,
        kind,
        options,
        set_ or [],
        password=_password(ctx, password_from),
        if_missing=if_missing,
    )
    return context.guard.run(plan)


@write()
def set_(
    ctx: typer.Context,
    storage: Storage,
    content: Content = None,
    nodes: OnNodes = None,
    enable: Enabled = None,
    username: Username = None,
    password_from: PasswordFrom = None,
    fingerprint: Fingerprint = None,
    shared: Shared = None,
    prune_backups: Prune = None,
    settings: Sets = None,
    delete: Deletes = None,
) -> Result:
    """Change a storage's definition."""
    context = context_of(ctx)
    options: dict[str, Given] = {
        "content": content,
        "nodes": nodes,
        "disable": None if enable is None else not enable,
        "username": username,
        "fingerprint": fingerprint,
        "shared": shared,
        "prune-backups": prune_backups,
    }
    password = _password(ctx, password_from)
    plan = storage_writes.set_storage(context.live, storage, options, settings or [], delete or [], password=password)
    return context.guard.run(plan)


def _password(ctx: typer.Context, source: str | None) -> Secret | None:
    return None if source is None else secret_from(context_of(ctx), source, "--password-from")


@write(many=True)
def delete(ctx: typer.Context, storages: Storages, ignore_missing: IgnoreMissing = False) -> Result:
    """Take storages out of the configuration.

    What lies on them stays there; guests with disks there cannot start any more.
    """
    context = context_of(ctx)
    return context.guard.run(storage_writes.delete_storages(context.live, storages, ignore_missing=ignore_missing))


@write()
def download(
    ctx: typer.Context,
    storage: Storage,
    url: Url,
    content: Kind = "iso",
    on_node: OnNode = None,
    filename: Filename = None,
    checksum: Checksum = None,
    no_verify: Insecure = False,
    if_missing: IfMissing = False,
) -> Result:
    """Have a node fetch an ISO image, a container template or a disk image onto a storage."""
    context = context_of(ctx)
    plan = storage_files.download(
        context.live,
        storage,
        url,
        content,
        node=on_node,
        filename=filename,
        checksum=checksum,
        verify=not no_verify,
        if_missing=if_missing,
    )
    return context.guard.run(plan)


@write()
def volume_set(
    ctx: typer.Context, volume: Volume, notes: Notes = None, protect: Protect = None, node: OnlyNode = None
) -> Result:
    """Change a backup's notes, or protect it."""
    context = context_of(ctx)
    plan = storage_volume_writes.set_volume(context.live, volume, notes=notes, protected=protect, node=node)
    return context.guard.run(plan)


@write(many=True)
def volume_delete(
    ctx: typer.Context, volumes: Volumes, node: OnlyNode = None, ignore_missing: IgnoreMissing = False
) -> Result:
    """Delete volumes that no guest uses: images, templates, backups, disks that were left behind."""
    context = context_of(ctx)
    plan = storage_volume_writes.delete_volumes(context.live, volumes, node=node, ignore_missing=ignore_missing)
    return context.guard.run(plan)
