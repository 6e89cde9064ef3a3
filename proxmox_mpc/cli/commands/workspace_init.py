"""workspace init: by options, and on a terminal by questions for what no option says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.context import Context, door_token
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError, PmpcError, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.workspace_init import INIT, Made, Tools, Wish
from proxmox_mpc.services.workspace_init import init as make
from proxmox_mpc.workspace import endpoints, userdirs
from proxmox_mpc.workspace.registry import Registry, check_name
from proxmox_mpc.workspace.secret_entry import below, settle
from proxmox_mpc.workspace.secrets import SecretContext
from proxmox_mpc.workspace.trust import Trust

if TYPE_CHECKING:
    from proxmox_mpc.api.tls import Certificate

Source = (
    "env:VARIABLE, file:PATH, keyring[:NAME], command:COMMAND, prompt (typed in now, kept encrypted), "
    "encrypted:SOURCE, or ask (typed in at every use)"
)
_ACCOUNT = """\
A token of its own, that may look and change nothing, is made as root on any node by:
  pveum user add pmpc@pve
  pveum acl modify / --users pmpc@pve --roles PVEAuditor
  pveum user token add pmpc@pve cli --privsep 0"""
_SOURCES = """\
Where is the token's secret to come from?
  prompt         typed in now, and kept in config.yml under a passphrase
  keyring        this desktop's key store
  file:PATH      a file that only you can read
  env:VARIABLE   an environment variable
  command:LINE   what a command prints, as in command:op read op://…
  ask            typed in at every use"""


@local(INIT)
def init(
    ctx: typer.Context,
    directory: Annotated[str, typer.Argument(metavar="[DIR]", help="its directory, made when missing")] = ".",
    name: Annotated[str | None, typer.Option(help="the name that -w takes; else the directory's")] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="host, https:// URL, or sim://homelab; several of one cluster fail over"),
    ] = None,
    token_id: Annotated[str | None, typer.Option(metavar="USER@REALM!NAME", help="the API token")] = None,
    token_secret_from: Annotated[str | None, typer.Option(metavar="SOURCE", help=Source)] = None,
    username: Annotated[
        str | None, typer.Option(metavar="USER@REALM", help="log in as a user, in place of a token")
    ] = None,
    password_from: Annotated[str | None, typer.Option(metavar="SOURCE", help="as --token-secret-from")] = None,
    otp_from: Annotated[str | None, typer.Option(metavar="SOURCE", help="the second factor's code")] = None,
    fingerprint: Annotated[
        list[str] | None, typer.Option(metavar="SHA256", help="accept this certificate and no other")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="accept certificates of these authorities (PEM)")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="accept any certificate: for experiments only")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="record the cluster at once, as sync pull does")] = False,
) -> Result:
    """Make a workspace for a cluster.

    Asks the cluster first: certificate, credentials, privileges, identity. When anything is wrong, nothing is made.
    On a terminal it asks for what no option says. sim://homelab is a whole simulated cluster and needs no server.
    """
    context = context_of(ctx)
    if not directory:
        raise UsageError("DIR is empty", hint="name a directory, or leave DIR out for this one")
    root = (context.cwd / directory).resolve()
    tls = _tls(context, root, fingerprint, ca_file, insecure)
    urls = [_endpoint(one) for one in url or _asked_url(context)]
    title = check_name(name or _asked_name(context, root))
    reading = SecretContext(
        environ=context.environ,
        base=root,
        home=context.home,
        uid=os.getuid(),
        ask=context.streams.ask_secret if context.interactive else None,
        # The command was written by the user a moment ago.
        trusted=lambda: True,
        simulated=door_token,
    )
    cluster: JsonObject = {"endpoints": urls}
    if username is not None:
        cluster["username"] = _checked("--username", endpoints.username, username)
        cluster |= _secret("password", "--password-from", password_from or "prompt", username, title, reading, context)
        if otp_from is not None:
            cluster |= _secret("otp", "--otp-from", otp_from, username, title, reading, context)
    elif token_id is not None or not str(urls[0]).startswith("sim:"):
        token = _checked("--token-id", endpoints.token_id, token_id or _asked_token(context))
        cluster["token_id"] = token
        source = token_secret_from or _asked_source(context)
        cluster |= _secret("token_secret", "--token-secret-from", source, token, title, reading, context)
    if tls:
        cluster["tls"] = tls
    home = userdirs.state_home(context.environ, context.home)
    tools = Tools(
        connect=context.connect_to,
        fetch_certificate=_fetch,
        accept=_acceptance(context) if context.interactive else None,
        registry=Registry(home),
        trust=Trust(home),
    )
    made = make(
        Wish(root, title, cluster, tuple(_private(cluster)), context.options.request_timeout or 30.0), reading, tools
    )
    result = Result.of(made, made.value.to_data())
    wanted = pull or (url is None and context.interactive and _yes(context, "Record the cluster now? [Y/n] ", True))
    if wanted:
        result = _pulled(context, made.value, result)
    return result._replace(page=_page(made.value, context))


def _tls(
    context: Context, root: Path, fingerprint: list[str] | None, ca_file: Path | None, insecure: bool
) -> JsonObject:
    if insecure and (fingerprint or ca_file):
        raise UsageError("--insecure accepts any certificate, so --fingerprint and --ca-file make no sense beside it")
    tls: JsonObject = {}
    if insecure:
        tls["verify"] = False
    if fingerprint:
        tls["fingerprint"] = _checked("--fingerprint", endpoints.fingerprint, ",".join(fingerprint))
    if ca_file is not None:
        path = context.cwd / ca_file.expanduser()
        if not path.is_file():
            raise ConfigError(f"--ca-file: there is no file {path}")
        tls["ca_file"] = below(path, root)
    return tls


def _secret(
    key: str, option: str, text: str, holder: str, title: str, reading: SecretContext, context: Context
) -> JsonObject:
    what = "password" if key == "password" else "one-time code" if key == "otp" else "secret of the token"
    try:
        source = settle(text, f"{what} of {holder}" if key != "token_secret" else f"{what} {holder}", reading,
                        os.urandom(28), f"{title}/{holder}", context.cwd)  # fmt: skip
    except ConfigError as error:
        if error.code == "config":
            raise UsageError(f"{option}: {error.message.split(': ', 1)[-1]}") from None
        raise
    return {key: source.to_data()}


def _private(cluster: JsonObject) -> list[str]:
    files = [value.get("file") for value in cluster.values() if isinstance(value, dict)]
    return [name for name in files if isinstance(name, str) and not name.startswith(("/", "~"))]


def _endpoint(text: str) -> Json:
    return _checked("--url", endpoints.normalise, text)


def _checked(option: str, normal: Callable[[str], str], text: str) -> str:
    try:
        return normal(text)
    except ValueError as error:
        raise UsageError(f"{option}: it {error}") from None


def _asked_url(context: Context) -> list[str]:
    if not context.interactive:
        raise UsageError("init needs --url", hint="--url sim://homelab needs no server; else --url HOST and --token-id")
    context.streams.note("A workspace belongs to one cluster. sim://homelab is a simulated one, for trying things out.")
    return [_ask(context, "Where is the cluster (host or URL)? [sim://homelab] ", "sim://homelab")]


def _asked_name(context: Context, root: Path) -> str:
    usual = "".join(char if char.isalnum() or char in "._-" else "-" for char in root.name).strip("._-")
    usual = usual if usual.isascii() and usual else "default"
    return _ask(context, f"Name of the workspace? [{usual}] ", usual) if context.interactive else usual


def _asked_token(context: Context) -> str:
    if not context.interactive:
        raise UsageError("init needs --token-id, or --username", hint=_ACCOUNT)
    context.streams.note(_ACCOUNT)
    return _ask(context, "Token id (USER@REALM!NAME)? ", "")


def _asked_source(context: Context) -> str:
    if not context.interactive:
        raise UsageError("init needs --token-secret-from", hint=Source)
    context.streams.note(_SOURCES)
    return _ask(context, "Source? [prompt] ", "prompt")


def _ask(context: Context, question: str, usual: str) -> str:
    try:
        return context.streams.ask(question).strip() or usual
    except EOFError:
        raise UsageError("the input ended before all was answered") from None


def _yes(context: Context, question: str, usual: bool) -> bool:
    answer = _ask(context, question, "").lower()
    return usual if not answer else answer in ("y", "yes")


def _acceptance(context: Context) -> Callable[[str, Certificate], bool]:
    def accept(endpoint: str, certificate: Certificate) -> bool:
        context.streams.note(
            f"{endpoint} has a certificate that no authority known here has signed:\n"
            f"  subject      {certificate.subject}\n"
            f"  issuer       {certificate.issuer}\n"
            f"  valid until  {certificate.not_after:%Y-%m-%d}\n"
            f"  SHA-256      {certificate.fingerprint}\n"
            "Compare it with what the node says: pvenode cert info"
        )
        return _yes(context, "Pin this certificate? [y/N] ", False)

    return accept


def _fetch(host: str, port: int) -> Certificate:
    from proxmox_mpc.api.tls import fetch_certificate

    return fetch_certificate(host, port)


def _pulled(context: Context, made: Made, result: Result) -> Result:
    from proxmox_mpc.services.pull import pull
    from proxmox_mpc.state.store import StateStore

    door = context.connect_to(made.connection, made.workspace.sim)
    try:
        with StateStore.open(made.workspace.state_db) as store:
            report = pull(door, store)
    except PmpcError as error:
        error.hint = f"the workspace is made, and nothing is recorded yet: pmpc -w {made.name} sync pull"
        raise
    finally:
        door.close()
    return result._replace(warnings=(*result.warnings, *report.warnings), partial=result.partial or report.partial)


def _page(made: Made, context: Context) -> str:
    place = made.workspace.root
    nodes = ", ".join(made.identity.nodes)
    lines = [
        f"workspace {made.name} in {place}",
        f"cluster   {made.identity.name or 'single node'}: {nodes} (Proxmox VE {made.version or 'of unknown version'})",
    ]
    if made.connection.tls.fingerprint:
        lines.append(f"pinned    {made.connection.tls.fingerprint}")
    lines.append(f"next      cd {place} && pmpc vm list" if place != context.cwd else "next      pmpc vm list")
    return "\n".join(lines)
