"""Making a workspace: the cluster is asked before anything is kept, and a failure leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from proxmox_mpc.api.tls import Certificate
from proxmox_mpc.domain import json as pve
from proxmox_mpc.domain.connection import Connection, Tls
from proxmox_mpc.domain.json import Json, JsonObject, as_object
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading, Source, Warn
from proxmox_mpc.errors import ConfigError, PmpcError, TlsError
from proxmox_mpc.services.identity import Identity, Proof, read_identity
from proxmox_mpc.services.privileges import Need, grants, missing_for_reading, read_permissions
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.workspace.config_edit import check_text
from proxmox_mpc.workspace.connecting import connection as connection_of
from proxmox_mpc.workspace.create import building, config_text, surrounding, write_config
from proxmox_mpc.workspace.layout import CONFIG, Workspace
from proxmox_mpc.workspace.registry import Registry
from proxmox_mpc.workspace.secrets import SecretContext
from proxmox_mpc.workspace.trust import Trust, commands

INIT = item(
    Field("action", "string", "what was done"),
    Field("kind", "string", "workspace"),
    Field("name", "string", "the name that -w takes"),
    Field("path", "string", "its directory"),
    Field("changed", "boolean", "whether anything was made"),
    Field("endpoints", "list", "where the API is"),
    Field("version", "string?", "Proxmox VE's version"),
    Field("cluster", "string?", "the cluster's name, none on a single node"),
    Field("nodes", "list", "its nodes"),
    Field("fingerprint", "string?", "the certificate that is pinned"),
    Field("missing", "list", "what the credentials may not see"),
    Field("grants", "list", "commands, for a shell on a node, that give the missing privileges", level="data"),
)
OLDEST = (8, 4)


class Door(Source, Protocol):
    """A live source that can be closed."""

    def close(self) -> None:
        """End its connections."""


Connect = Callable[[Connection, Path], Door]
"""Opens a connection; the path is where simulated worlds are kept."""
FetchCertificate = Callable[[str, int], Certificate]
Accept = Callable[[str, Certificate], bool]
"""Shows the certificate that an endpoint presents and asks whether to pin it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants: ``cluster`` is the section of config.yml as far as it is known.

    ``private`` are files in ``root`` that hold secrets, so that version control is told to leave them alone.
    """

    root: Path
    name: str
    cluster: JsonObject
    private: tuple[str, ...] = ()
    request_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Made:
    """What init made and found out."""

    workspace: Workspace
    name: str
    connection: Connection
    identity: Identity
    version: str | None
    missing: list[Need]
    grants: list[str]

    def to_data(self) -> JsonObject:
        """Return the row of ``INIT``."""
        return {
            "action": "init",
            "kind": "workspace",
            "name": self.name,
            "path": str(self.workspace.root),
            "changed": True,
            "endpoints": list[Json](self.connection.endpoints),
            "version": self.version,
            "cluster": self.identity.name,
            "nodes": list[Json](self.identity.nodes),
            "fingerprint": self.connection.tls.fingerprint,
            "missing": [f"{gap.privilege} on {gap.path}" for gap in self.missing],
            "grants": list[Json](self.grants),
        }


@dataclass(frozen=True, slots=True)
class Tools:
    """What init reaches the world by, handed in by the command line."""

    connect: Connect
    fetch_certificate: FetchCertificate
    accept: Accept | None
    registry: Registry
    trust: Trust


def init(wish: Wish, context: SecretContext, tools: Tools) -> Reading[Made]:
    """Ask the cluster, make the workspace, register it; raises PmpcError, and then nothing was made.

    ``context`` is what reading the secret may use. Without ``tools.accept`` a certificate that nobody vouches for is
    refused, with the option that pins it.
    """
    warnings: list[Warn] = []
    around = surrounding(wish.root)
    if around is not None:
        warnings.append(
            Warn("nested", f"{wish.root} lies in another workspace, {around}: commands use the nearest one")
        )
    with building(wish.root, wish.private) as draft:
        connection = connection_of(wish.cluster, "this workspace", context, wish.request_timeout, 6)
        pins, doubts = _pins(connection, draft / "sim", tools)
        warnings += doubts
        if pins:
            connection = connection._replace(tls=Tls(fingerprint=pins))
        door = tools.connect(connection, draft / "sim")
        try:
            found = _look(door, connection)
        finally:
            door.close()
        identity, version, missing = found
        cluster: JsonObject = {"identity": identity.to_data(), **wish.cluster}
        if pins:
            cluster["tls"] = {"fingerprint": pins}
        content = config_text(wish.name, cluster)
        checked = check_text(content, draft / CONFIG)
        if checked.problems:
            raise checked.problems[0]
        write_config(draft, content)
        StateStore.open(draft / "state.db").close()
        Proof(draft / "cache" / "identity.json", identity, connection).keep(identity.nodes)
    workspace = Workspace(wish.root)
    if commands(checked.data):
        # Whoever names a command here has looked at it.
        tools.trust.grant(workspace.root, checked.data)
    name, notes = _register(wish.name, workspace, tools.registry)
    warnings += [*notes, *_version_warning(version), *_blind(missing, holder_of(cluster))]
    given = grants(missing, holder_of(cluster))
    return Reading(Made(workspace, name, connection, identity, version, missing, given), tuple(warnings))


def holder_of(cluster: JsonObject) -> str:
    """Return who the credentials of a `cluster` section belong to: a token id or a user."""
    return str(cluster.get("token_id") or cluster.get("username") or "USER@REALM!TOKEN")


def _look(door: Source, connection: Connection) -> tuple[Identity, str | None, list[Need]]:
    version = pve.text(as_object(door.read("/version"), "/version"), "version")
    identity = read_identity(door)
    if not identity.nodes:
        raise ConfigError(f"{connection.endpoints[0]} answers, and names no nodes")
    return identity, version, missing_for_reading(read_permissions(door))


def _pins(connection: Connection, worlds: Path, tools: Tools) -> tuple[str, list[Warn]]:
    """Return the fingerprints to pin, empty where none has to be; raises TlsError."""
    tls = connection.tls
    if connection.endpoints[0].startswith("sim:") or tls.fingerprint or tls.ca_file:
        return "", []
    if not tls.verify:
        text = "certificates are not checked: whoever is on the way to the server can read the token"
        hint = "pin the certificate: pmpc workspace config set cluster.tls.fingerprint AA:BB:…"
        return "", [Warn("insecure", text, hint=hint)]
    found = [
        _pin(endpoint, connection._replace(endpoints=(endpoint,)), worlds, tools) for endpoint in connection.endpoints
    ]
    pins = [pin for pin in found if pin]
    if pins and len(pins) < len(found):
        raise TlsError(
            "some of the endpoints have certificates of a known authority and some have not",
            hint="give --ca-file with the authorities of all, or --fingerprint for each",
        )
    return ",".join(pins), []


def _pin(endpoint: str, connection: Connection, worlds: Path, tools: Tools) -> str | None:
    """Return the fingerprint to pin for an endpoint, None where the system's authorities vouch for it."""
    door = tools.connect(connection, worlds)
    try:
        door.read("/version")
    except TlsError as error:
        refused = error
    else:
        return None
    finally:
        door.close()
    host, _, port = endpoint.removeprefix("https://").rpartition(":")
    certificate = tools.fetch_certificate(host.strip("[]"), int(port))
    if tools.accept is not None:
        if tools.accept(endpoint, certificate):
            return certificate.fingerprint
        raise TlsError(f"the certificate of {endpoint} was not accepted", hint="nothing was made")
    raise TlsError(
        f"the certificate of {endpoint} is not signed by an authority that this system knows; its SHA-256 fingerprint "
        f"is {certificate.fingerprint}",
        hint="compare it on the node (pvenode cert info), then pin it:\n"
        f"--fingerprint {certificate.fingerprint}\n"
        "or name the cluster's authority (/etc/pve/pve-root-ca.pem): --ca-file FILE",
        details={
            "fingerprint": certificate.fingerprint,
            "subject": certificate.subject,
            "issuer": certificate.issuer,
        },
    ) from refused


def _register(name: str, workspace: Workspace, registry: Registry) -> tuple[str, list[Warn]]:
    try:
        given = registry.add(name, workspace.root)
    except PmpcError as error:
        # The workspace is whole without its entry: -w takes its path.
        return name, [Warn("unregistered", f"the workspace is made and has no entry by name: {error.message}")]
    if given == name:
        return name, []
    text = f"the name {name} belongs to another workspace; this one is known as {given}"
    return given, [Warn("renamed", text, hint=f"pmpc workspace rename {given} NAME")]


def _version_warning(version: str | None) -> list[Warn]:
    numbers = tuple(int(part) for part in (version or "").replace("-", ".").split(".")[:2] if part.isdigit())
    if len(numbers) == 2 and numbers < OLDEST:
        text = f"this is Proxmox VE {version}; pmpc is made for {OLDEST[0]}.{OLDEST[1]} and newer"
        return [Warn("old_server", text, details={"version": version})]
    return []


def _blind(missing: list[Need], holder: str) -> list[Warn]:
    if not missing:
        return []
    hidden = ", ".join(f"{gap.privilege} on {gap.path} ({gap.sees})" for gap in missing)
    return [
        Warn(
            "missing_privileges",
            f"{holder} may not see everything: it lacks {hidden}",
            hint="as root on any node:\n" + "\n".join(grants(missing, holder)),
            details={"missing": [f"{gap.privilege} on {gap.path}" for gap in missing]},
        )
    ]
