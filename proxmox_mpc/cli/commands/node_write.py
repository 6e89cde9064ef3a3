"""node: power, all guests at once, services, package lists and certificates."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.secret_input import text_from
from proxmox_mpc.cli.completion import values
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import node_writes

Node = Annotated[str, typer.Argument(metavar="NODE", help="the node", autocompletion=values("node"))]
Nodes = Annotated[list[str], typer.Argument(metavar="NODE...", help="the nodes", autocompletion=values("node"))]
Service = Annotated[str, typer.Argument(metavar="SERVICE", help="the service, as pmpc node services lists it")]
Force = Annotated[bool, typer.Option("--force", help="those too that do not start at boot")]
Timeout = Annotated[
    int | None, typer.Option("--timeout", metavar="SECONDS", min=0, max=7200, help="until they are stopped hard (180)")
]
Soft = Annotated[bool, typer.Option("--force-stop/--no-force-stop", help="whether what does not end is stopped hard")]
Chain = Annotated[str, typer.Argument(metavar="FILE", help="the certificate with its chain, PEM; - for stdin")]
KeyFile = Annotated[str | None, typer.Option("--key-file", metavar="FILE", help="its private key, PEM")]
Replace = Annotated[bool, typer.Option("--replace", help="put it in place of one that was uploaded before")]
Restart = Annotated[bool, typer.Option("--restart/--no-restart", help="whether the API is restarted to present it")]


@write()
def reboot(ctx: typer.Context, node: Node) -> Result:
    """Reboot a node, and wait until it is back; its guests are shut down first."""
    context = context_of(ctx)
    return context.guard.run(node_writes.power(context.live, node, "reboot", wait=not context.options.no_wait))


@write()
def shutdown(ctx: typer.Context, node: Node) -> Result:
    """Shut a node down with its guests, and wait until it is off."""
    context = context_of(ctx)
    return context.guard.run(node_writes.power(context.live, node, "shutdown", wait=not context.options.no_wait))


@write()
def wake(ctx: typer.Context, node: Node) -> Result:
    """Wake a node by its network card, and wait until it is online."""
    context = context_of(ctx)
    return context.guard.run(node_writes.wake(context.live, node, wait=not context.options.no_wait))


@write()
def start_all(ctx: typer.Context, node: Node, force: Force = False) -> Result:
    """Start the guests of a node that start at boot, in the order that is set for it."""
    context = context_of(ctx)
    return context.guard.run(node_writes.start_all(context.live, node, force=force))


@write()
def stop_all(ctx: typer.Context, node: Node, timeout: Timeout = None, force_stop: Soft = True) -> Result:
    """Shut all guests of a node down, in the order that is set for it."""
    context = context_of(ctx)
    plan = node_writes.stop_all(context.live, node, timeout=timeout, force_stop=force_stop)
    return context.guard.run(plan)


@write(many=True)
def service_start(ctx: typer.Context, service: Service, nodes: Nodes) -> Result:
    """Start a service on nodes."""
    context = context_of(ctx)
    return context.guard.run(node_writes.service(context.live, nodes, service, "start"))


@write(many=True)
def service_stop(ctx: typer.Context, service: Service, nodes: Nodes) -> Result:
    """Stop a service on nodes."""
    context = context_of(ctx)
    return context.guard.run(node_writes.service(context.live, nodes, service, "stop"))


@write(many=True)
def service_restart(ctx: typer.Context, service: Service, nodes: Nodes) -> Result:
    """Restart a service on nodes."""
    context = context_of(ctx)
    return context.guard.run(node_writes.service(context.live, nodes, service, "restart"))


@write(many=True)
def service_reload(ctx: typer.Context, service: Service, nodes: Nodes) -> Result:
    """Make a service on nodes read its configuration anew."""
    context = context_of(ctx)
    return context.guard.run(node_writes.service(context.live, nodes, service, "reload"))


@write(many=True)
def refresh(ctx: typer.Context, nodes: Nodes) -> Result:
    """Read the package lists of nodes anew; nothing is installed."""
    context = context_of(ctx)
    return context.guard.run(node_writes.refresh_packages(context.live, nodes))


@write()
def certificate_upload(
    ctx: typer.Context,
    node: Node,
    chain: Chain,
    key_file: KeyFile = None,
    replace: Replace = False,
    restart: Restart = True,
) -> Result:
    """Have a node's API present a certificate of your own."""
    context = context_of(ctx)
    text = text_from(context, chain, "FILE")
    key = Secret(text_from(context, key_file, "--key-file")) if key_file is not None else None
    plan = node_writes.upload_certificate(context.live, node, text, key, replace=replace, restart=restart)
    return context.guard.run(plan)


@write()
def certificate_delete(ctx: typer.Context, node: Node, restart: Restart = True) -> Result:
    """Go back to the certificate that the cluster gave a node."""
    context = context_of(ctx)
    return context.guard.run(node_writes.delete_certificate(context.live, node, restart=restart))
