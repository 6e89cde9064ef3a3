"""What a command works with, and where each value came from.

Precedence: option, environment, the workspace's config.yml, the user's own config.yml, default. URL, credentials and
TLS are the exception: they come from one source as a whole. With PMPC_URL set that is the environment, and then nothing
of the workspace's connection is used, its secret least of all; without it the workspace, and a stray PMPC_TOKEN_ID has
no say in it (a warning tells).

Every command that reaches a server pays for this module's import: plain classes, and nothing loaded before its use.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import ConfigError, PmpcError, WorkspaceError
from proxmox_mpc.workspace import userdirs
from proxmox_mpc.workspace.config import load
from proxmox_mpc.workspace.find import find_root
from proxmox_mpc.workspace.layout import EXCHANGE, Workspace, open_workspace

if TYPE_CHECKING:
    from proxmox_mpc.domain.connection import Connection
    from proxmox_mpc.workspace.places import Safety, StateLocation
    from proxmox_mpc.workspace.secrets import Ask, SecretContext

DEFAULTS: JsonObject = {
    "cluster": {"tls": {"verify": True}, "request_timeout": 30.0, "parallel": 6},
    "defaults": {"output": "table"},
    "safety": {
        "mode": "normal",
        "protected": [],
        "require_backup": True,
        "policy": {"low": "run", "medium": "confirm", "high": "plan", "critical": "name"},
    },
}
CONNECTION_KEYS = ("endpoints", "token_id", "token_secret", "username", "password", "otp", "tls")
"""What comes from one source as a whole, below `cluster`."""
VARIABLES = (
    "PMPC_TOKEN_ID",
    "PMPC_TOKEN_SECRET",
    "PMPC_USERNAME",
    "PMPC_PASSWORD",
    "PMPC_OTP",
    "PMPC_CA_FILE",
    "PMPC_FINGERPRINT",
)
"""What the environment says of a connection beside PMPC_URL."""


class Settings:
    """The answer to every "where" and "with what" of one run.

    ``layers`` are (origin, values in the form of config.yml), the strongest first. ``home`` is the directory of the
    workspace, or of the environment's cluster in the user's state directory; None where there is neither.
    ``found_by`` says what named the workspace, ``connection_origin`` which layer the connection is from.
    """

    __slots__ = ("connection_origin", "context", "found_by", "home", "layers", "warnings", "workspace")

    def __init__(
        self,
        workspace: Workspace | None,
        found_by: str,
        home: Path | None,
        layers: tuple[tuple[str, JsonObject], ...],
        warnings: tuple[Warn, ...],
        context: SecretContext,
        connection_origin: str,
    ) -> None:
        self.workspace = workspace
        self.found_by = found_by
        self.home = home
        self.layers = layers
        self.warnings = warnings
        self.context = context
        self.connection_origin = connection_origin

    def value(self, key: str) -> Json:
        """Return the value of a dotted key of config.yml, None where nobody sets it."""
        return self.lookup(key)[0]

    def lookup(self, key: str) -> tuple[Json, str]:
        """Return a value and its origin, which is empty where nobody sets it."""
        path = key.split(".")
        bound = path[0] == "cluster" and len(path) > 1 and path[1] in CONNECTION_KEYS
        for origin, data in self.layers:
            # A connection is of one piece: the environment's URL never meets the workspace's token.
            if bound and origin not in (self.connection_origin, "default"):
                continue
            found = _at(data, path)
            if found is not None:
                return found, origin
        return None, ""

    def text(self, key: str) -> str | None:
        """Return a value that is a text."""
        value = self.value(key)
        return value if isinstance(value, str) else None

    @property
    def connection(self) -> Connection:
        """How to reach the cluster; raises ConfigError for what is missing. Secrets are read when first sent."""
        if not self.connection_origin:
            raise nowhere(self.context.environ)
        from proxmox_mpc.workspace.connecting import connection

        cluster = next(data for origin, data in self.layers if origin == self.connection_origin).get("cluster")
        where = "the environment" if self.connection_origin == "environment" else "config.yml"
        timeout, parallel = self.value("cluster.request_timeout"), self.value("cluster.parallel")
        assert isinstance(timeout, (int, float)) and isinstance(parallel, int)
        return connection(cluster if isinstance(cluster, dict) else {}, where, self.context, timeout, parallel)

    @property
    def state(self) -> StateLocation:
        """Where the database is; raises WorkspaceError where there is neither workspace nor environment."""
        from proxmox_mpc.workspace.places import StateLocation

        if self.home is None:
            raise nowhere(self.context.environ)
        password = self.value("state.password")
        if password is None:
            return StateLocation(self.home / "state.db", self.text("state.url"))
        from proxmox_mpc.workspace.secret_sources import from_data
        from proxmox_mpc.workspace.secrets import later

        base = self.workspace.root if self.workspace else self.context.base
        get = later(from_data(password), "password of the database", self.context.at(base))
        return StateLocation(self.home / "state.db", self.text("state.url"), get)

    @property
    def simulated_worlds(self) -> Path:
        """The directory in which simulated worlds are kept between commands."""
        if self.home is None:
            raise nowhere(self.context.environ)
        return self.home / "sim"

    @property
    def safety(self) -> Safety:
        """The policy for writes."""
        from proxmox_mpc.workspace.places import Safety

        protected = self.value("safety.protected")
        return Safety(
            mode=str(self.value("safety.mode")),
            protected=tuple(str(one) for one in protected) if isinstance(protected, list) else (),
            require_backup=self.value("safety.require_backup") is not False,
            policy={risk: str(self.value(f"safety.policy.{risk}")) for risk in ("low", "medium", "high", "critical")},
        )

    @property
    def identity(self) -> JsonObject | None:
        """The cluster that the workspace belongs to: ``name``, ``nodes``, ``root_ca``, as init recorded them."""
        value = self.value("cluster.identity")
        return value if isinstance(value, dict) and value else None

    def in_use(self) -> Workspace:
        """Return the workspace; raises WorkspaceError where there is none."""
        if self.workspace is None:
            raise WorkspaceError("no workspace is in use here", hint="pmpc workspace init DIR, or name one: -w DIR")
        return self.workspace


def resolve(
    *,
    environ: Mapping[str, str],
    cwd: Path,
    home: Path,
    uid: int,
    workspace: str | None = None,
    output: str | None = None,
    request_timeout: float | None = None,
    no_input: bool = False,
    ask: Ask | None = None,
    simulated: Callable[[str], tuple[str, str]] | None = None,
) -> Settings:
    """Find the workspace and gather the settings.

    ``ask`` shows a question and returns what was typed, unseen; ``simulated`` returns id and secret of the token that
    the simulated world behind a ``sim://`` endpoint holds ready. Nothing is sent and no secret is read.
    Raises WorkspaceError and ConfigError.
    """
    from proxmox_mpc.workspace.secrets import SecretContext

    user_state = userdirs.state_home(environ, home)
    found = find_root(workspace, environ, cwd, home, user_state, chosen=not no_input)
    place: Workspace | None = None
    warnings: tuple[Warn, ...] = ()
    own: JsonObject = {}
    if found is not None:
        place, warnings = open_workspace(found[0], uid)
        own = load(place.config_file, place.cache / "config.json")
    by_environment = bool(environ.get("PMPC_URL"))
    if place is not None and not by_environment:
        warnings += tuple(_stray(environ, own))
    environment = _environment(environ)

    def trusted() -> bool:
        from proxmox_mpc.workspace.trust import Trust

        return place is not None and Trust(user_state).holds(place.root, own)

    return Settings(
        workspace=place,
        found_by=found[1] if found else "",
        home=place.directory if place else _home(environment, user_state) if by_environment else None,
        layers=(
            ("option", _options(output, request_timeout)),
            ("environment", environment),
            *([("config.yml", own)] if place else []),
            ("user config", _user(environ, home)),
            ("default", DEFAULTS),
        ),
        warnings=warnings,
        context=SecretContext(
            environ=environ,
            base=cwd if by_environment or place is None else place.root,
            home=home,
            uid=uid,
            ask=None if no_input else ask,
            trusted=trusted,
            simulated=simulated,
        ),
        connection_origin="environment" if by_environment else "config.yml" if place else "",
    )


def nowhere(environ: Mapping[str, str]) -> PmpcError:
    """Return the error for a command that needs a cluster where none is named."""
    if any(environ.get(variable) for variable in VARIABLES):
        return ConfigError("credentials are in the environment, and PMPC_URL is not set", hint="export PMPC_URL=HOST")
    return WorkspaceError(
        "no workspace is in use here, and PMPC_URL is not set",
        hint="pmpc workspace init DIR --url URL (sim://homelab needs no server), or export PMPC_URL, PMPC_TOKEN_ID "
        "and PMPC_TOKEN_SECRET",
    )


def _home(environment: JsonObject, user_state: Path) -> Path:
    from proxmox_mpc.workspace.endpoints import label

    urls = _at(environment, ["cluster", "endpoints"])
    assert isinstance(urls, list)
    home = user_state / label(str(urls[0]))
    if os.path.lexists(home / EXCHANGE):
        from proxmox_mpc.workspace.swap import recover

        recover(home)
    return home


def _options(output: str | None, request_timeout: float | None) -> JsonObject:
    values: JsonObject = {}
    if output is not None:
        values["defaults"] = {"output": output}
    if request_timeout is not None:
        values["cluster"] = {"request_timeout": request_timeout}
    return values


def _environment(environ: Mapping[str, str]) -> JsonObject:
    values: JsonObject = {}
    if environ.get("PMPC_OUTPUT"):
        values["defaults"] = {"output": environ["PMPC_OUTPUT"]}
    if environ.get("PMPC_URL"):
        from proxmox_mpc.workspace.connecting import cluster_from_environment

        values["cluster"] = cluster_from_environment(environ)
    return values


def _user(environ: Mapping[str, str], home: Path) -> JsonObject:
    file = userdirs.config_home(environ, home) / "config.yml"
    return load(file, userdirs.cache_home(environ, home) / "config.json", user=True)


def _stray(environ: Mapping[str, str], own: JsonObject) -> Iterator[Warn]:
    """Say which variables look as if they had a say: a workspace's connection takes nothing from the environment."""
    cluster = own.get("cluster")
    values = list(cluster.values()) if isinstance(cluster, dict) else []
    sources = [value["env"] for value in values if isinstance(value, dict) and "env" in value]
    unused = [name for name in VARIABLES if environ.get(name) and name not in sources and environ[name] not in values]
    if unused:
        yield Warn(
            "environment_ignored",
            f"not used: {', '.join(unused)}; the workspace brings its own credentials",
            hint="set PMPC_URL as well to connect by the environment alone",
        )


def _at(data: JsonObject, path: list[str]) -> Json:
    value: Json = data
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
