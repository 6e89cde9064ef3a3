"""sim: the embedded Proxmox VE, served over TLS on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.errors import ConfigError, UsageError
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from proxmox_mpc.simulator.faults import Faults
    from proxmox_mpc.simulator.world import World

SERVING = item(
    Field("url", "string", "the base URL, for PMPC_URL"),
    Field("fingerprint", "string", "SHA-256 of the certificate, for PMPC_FINGERPRINT"),
    Field("ca_file", "string", "the authority that signed it, for PMPC_CA_FILE"),
    Field("token_id", "string", "a token with all rights, for PMPC_TOKEN_ID"),
    Field("token_secret", "string", "its secret, for PMPC_TOKEN_SECRET"),
    doc="How to reach the simulator; the first line of output.",
)


@local(SERVING)
def serve(
    ctx: typer.Context,
    world: Annotated[
        str, typer.Option(metavar="WORLD", help="homelab, datacenter:NODES:GUESTS:SEED, or a saved file")
    ] = "homelab",
    port: Annotated[int, typer.Option(min=0, max=65535, help="the TCP port on 127.0.0.1; 0 takes a free one")] = 0,
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="a JSON script of what shall go wrong")] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="keep the world in a file: read when it exists, written on every change"),
    ] = None,
) -> Result:
    """Serve a simulated cluster over TLS on 127.0.0.1.

    Prints how to reach it, then runs until Ctrl-C or SIGTERM. With -o json the first line is one JSON object.
    """
    from proxmox_mpc.simulator import serve as start

    context = context_of(ctx)
    home = context.cwd
    kept = home / save if save is not None else None
    made = _world(str(kept) if kept is not None and kept.exists() else world, home)
    script = _faults(home / faults) if faults is not None else None
    try:
        server = start(made, port, script, kept)
    except OSError as error:
        raise ConfigError(
            f"--port: cannot listen on 127.0.0.1:{port}: {error.strerror}", hint="--port 0 takes a free one"
        ) from error
    try:
        reach: JsonObject = {
            "url": server.url,
            "fingerprint": server.fingerprint,
            "ca_file": str(server.ca_file),
            "token_id": server.token_id,
            "token_secret": server.token_secret,
        }
        context.show(SERVING, Result(reach, page=_exports(reach)), line=True)
        context.streams.note("serving; Ctrl-C ends it")
        server.wait()
    finally:
        server.shutdown()
    return Result(None)


def _world(name: str, home: Path) -> World:
    from proxmox_mpc.simulator import open_world

    path = home / name
    try:
        return open_world(str(path) if path.is_file() else name)
    except (ValueError, OSError) as error:
        raise UsageError(
            f"--world: {error}", hint="worlds: homelab, datacenter:NODES:GUESTS:SEED, or a file written by --save"
        ) from error


def _faults(path: Path) -> Faults:
    from proxmox_mpc.simulator.faults import Faults

    try:
        return Faults.read(path)
    except (ValueError, TypeError, OSError) as error:
        raise UsageError(f"--faults: {path}: {error}") from error


def _exports(reach: JsonObject) -> str:
    return "\n".join(
        f"export PMPC_{name}='{reach[key]}'"
        for name, key in (
            ("URL", "url"),
            ("FINGERPRINT", "fingerprint"),
            ("TOKEN_ID", "token_id"),
            ("TOKEN_SECRET", "token_secret"),
        )
    )
