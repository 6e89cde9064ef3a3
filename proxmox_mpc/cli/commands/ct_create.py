"""ct: making containers, cloning them, moving them to other nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands import ct_args
from proxmox_mpc.cli.commands.guest_args import GuestName, Names, Nodes, Pools, Statuses, Tags, Words, found
from proxmox_mpc.cli.commands.guest_targets import All, targets
from proxmox_mpc.cli.commands.secret_input import secret_from, text_from
from proxmox_mpc.cli.commands.settings_file import as_setting, settings_file
from proxmox_mpc.cli.commands.write_args import IfMissing
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.ct_options import CtOptions, keys_of
from proxmox_mpc.domain.json import JsonObject, boolean, integer, text
from proxmox_mpc.domain.vm_options import pairs
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.ct_create import CloneWish, CreateWish, plan_clone, plan_create
from proxmox_mpc.services.ct_migrate import MoveWish, migrate_cts

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context

OnNode = Annotated[
    str | None, typer.Option("--on-node", metavar="NODE", help="where it goes", autocompletion=values("node"))
]
Storage = Annotated[
    str | None,
    typer.Option("--storage", metavar="STORAGE", help="where its root goes", autocompletion=values("storage")),
]
Pool = Annotated[str | None, typer.Option("--pool", metavar="POOL", help="its pool", autocompletion=values("pool"))]
NewId = Annotated[int | None, typer.Option("--vmid", metavar="ID", help="its id; without it the next free one")]
# What a file may say besides the settings of a container.
_BESIDE = frozenset({"vmid", "node", "template", "ostemplate", "storage", "pool", "start"})


@write(declares=True)
def create(
    ctx: typer.Context,
    hostname: Annotated[str | None, typer.Argument(metavar="[NAME]", help="its host name")] = None,
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="TEMPLATE", help="what it is made from: a volume, or a name as debian-13"),
    ] = None,
    vmid: NewId = None,
    on_node: OnNode = None,
    storage: Storage = None,
    rootfs: Annotated[
        str | None, typer.Option("--rootfs", metavar="[STORAGE:]SIZE", help="its root, as local-lvm:8; bare: GiB")
    ] = None,
    mp: ct_args.Mounts = None,
    cores: ct_args.Cores = None,
    cpulimit: ct_args.CpuLimit = None,
    cpuunits: ct_args.CpuUnits = None,
    memory: ct_args.Memory = None,
    swap: ct_args.Swap = None,
    nic: ct_args.Nics = None,
    features: ct_args.Features = None,
    nesting: ct_args.Nesting = None,
    unprivileged: Annotated[
        bool | None, typer.Option("--unprivileged/--privileged", help="its root is no root on the node; the default")
    ] = None,
    password_from: ct_args.PasswordFrom = None,
    ssh_keys: ct_args.SshKeys = None,
    nameserver: ct_args.Nameserver = None,
    searchdomain: ct_args.SearchDomain = None,
    timezone: ct_args.Timezone = None,
    description: ct_args.Description = None,
    set_tag: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="a tag; may be repeated")] = None,
    pool: Pool = None,
    onboot: ct_args.Onboot = None,
    protection: ct_args.Protection = None,
    ha: Annotated[bool, typer.Option("--ha", help="let high availability manage it")] = False,
    start: Annotated[bool, typer.Option("--start", help="start it; done means that it was seen running")] = False,
    settings: ct_args.Settings = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="YAML or JSON: PVE's keys, vmid, node, template, pool, start; -: stdin",
        ),
    ] = None,
    if_missing: IfMissing = False,
) -> Result:
    """Make a container from a template.

    Everything is checked before anything is sent. Without --on-node it goes to the node with most free memory that has
    the template, the storages and the bridges. Options win over what a file says.
    """
    context = context_of(ctx)
    options = CtOptions(
        hostname=hostname,
        cores=cores,
        cpulimit=cpulimit,
        cpuunits=cpuunits,
        memory=memory,
        swap=swap,
        rootfs=rootfs,
        mounts=mp or (),
        nics=nic or (),
        features=features,
        nesting=nesting,
        unprivileged=unprivileged,
        onboot=onboot,
        protection=protection,
        timezone=timezone,
        description=description,
        tags=set_tag or (),
        nameserver=nameserver,
        searchdomain=searchdomain,
        settings=pairs(settings or ()),
    )
    said = settings_file(context, file) if file is not None else {}
    options = _with_file(options, said)
    made_from = template or text(said, "template") or text(said, "ostemplate")
    if made_from is None:
        raise UsageError(
            "what is it made from?", hint="--template NAME; pmpc ct template list shows them, or: available"
        )
    wish = CreateWish(
        template=made_from,
        vmid=vmid if vmid is not None else integer(said, "vmid"),
        node=on_node or text(said, "node") or _default(context, "defaults.node"),
        storage=storage or text(said, "storage"),
        pool=pool or text(said, "pool"),
        password=None if password_from is None else secret_from(context, password_from, "--password-from"),
        ssh_keys=None if ssh_keys is None else text_from(context, ssh_keys, "--ssh-keys"),
        start=start or boolean(said, "start"),
        ha=ha,
        if_missing=if_missing,
        default_storage=_default(context, "defaults.storage"),
    )
    return context.guard.run(plan_create(context.live, options, wish))


def _with_file(options: CtOptions, said: JsonObject) -> CtOptions:
    """Return the options with what a file says where they say nothing."""
    given = {*keys_of(options._replace(rootfs=None, mounts=(), nics=())), *(["rootfs"] if options.rootfs else [])}
    rest = {key: as_setting(key, value) for key, value in said.items() if key not in _BESIDE and key not in given}
    hostname = options.hostname or rest.pop("hostname", None)
    root = options.rootfs or rest.pop("rootfs", None)
    return options._replace(hostname=hostname, rootfs=root, settings={**rest, **options.settings})


def _default(context: Context, key: str) -> str | None:
    found = context.settings.value(key)
    return found if isinstance(found, str) else None


@write()
def clone(
    ctx: typer.Context,
    guest: GuestName,
    hostname: Annotated[str | None, typer.Argument(metavar="[NAME]", help="the clone's host name")] = None,
    vmid: NewId = None,
    full: Annotated[
        bool | None, typer.Option("--full/--linked", help="copy everything, or keep standing on the template")
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", metavar="NAME", help="as this snapshot holds it")
    ] = None,
    on_node: OnNode = None,
    storage: Storage = None,
    pool: Pool = None,
    description: ct_args.Description = None,
) -> Result:
    """Clone a container.

    From a template the clone is linked unless --full is said, else it is a full copy. Of a running container only a
    snapshot can be copied.
    """
    context = context_of(ctx)
    wish = CloneWish(hostname, vmid, full, snapshot, on_node, storage, pool, description)
    return context.guard.run(plan_clone(context.live, found(ctx, guest), wish))


@write(many=True)
def migrate(
    ctx: typer.Context,
    guests: Words = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="NODE", help="the node", autocompletion=values("node"))],
    restart: Annotated[
        bool, typer.Option("--restart", help="stop containers that run, and start them again there")
    ] = False,
    timeout: Annotated[
        int | None, typer.Option("--timeout", metavar="SECONDS", help="how long they may take to stop", min=1)
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            metavar="STORAGE",
            help="where local volumes go: STORAGE, or FROM:TO",
            autocompletion=values("storage"),
        ),
    ] = None,
    tag: Tags = None,
    node: Nodes = None,
    pool: Pools = None,
    status: Statuses = None,
    name: Names = None,
    all_: All = False,
) -> Result:
    """Move containers to another node; running ones only with --restart.

    Proxmox VE moves no container while it runs.
    """
    context = context_of(ctx)
    chosen = targets(ctx, guests, tag=tag, node=node, pool=pool, status=status, name=name, every=all_)
    wish = MoveWish(to, restart, storage, timeout)
    return context.guard.run(migrate_cts(context.live, chosen.refs, wish, many=chosen.many))
