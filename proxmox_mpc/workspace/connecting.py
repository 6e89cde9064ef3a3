"""From a `cluster` section, of config.yml or made of the environment, to a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from proxmox_mpc.domain.connection import Connection, Login, Secret, Tls, Token
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError
from proxmox_mpc.workspace import endpoints
from proxmox_mpc.workspace.secret_sources import from_data
from proxmox_mpc.workspace.secrets import SecretContext, later

_VARIABLES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "PMPC_TOKEN_ID": ("token_id", endpoints.token_id),
    "PMPC_USERNAME": ("username", endpoints.username),
}
_SECRETS = ("token_secret", "password", "otp")


def cluster_from_environment(environ: Mapping[str, str]) -> JsonObject:
    """Return the `cluster` section that the environment makes; raises ConfigError for a value that cannot be one."""
    written = [part for part in environ["PMPC_URL"].replace(",", " ").split() if part]
    if not written:
        raise ConfigError("PMPC_URL names no endpoint", hint="export PMPC_URL=HOST")
    urls: list[Json] = [_normal("PMPC_URL", endpoints.normalise, part) for part in written]
    cluster: JsonObject = {"endpoints": urls}
    for variable, (key, normal) in _VARIABLES.items():
        if environ.get(variable):
            cluster[key] = _normal(variable, normal, environ[variable])
    for key in _SECRETS:
        if environ.get(_variable(key)):
            cluster[key] = {"env": _variable(key)}
    tls: JsonObject = {}
    if environ.get("PMPC_CA_FILE"):
        tls["ca_file"] = environ["PMPC_CA_FILE"]
    if environ.get("PMPC_FINGERPRINT"):
        tls["fingerprint"] = _normal("PMPC_FINGERPRINT", endpoints.fingerprint, environ["PMPC_FINGERPRINT"])
    if tls:
        cluster["tls"] = tls
    return cluster


def connection(
    cluster: JsonObject, where: str, context: SecretContext, request_timeout: float, parallel: int
) -> Connection:
    """Return the connection that a checked `cluster` section describes; raises ConfigError for what is missing.

    ``where`` names the source in errors; relative files are below ``context.base``.
    """
    named = cluster.get("endpoints")
    urls = tuple(str(url) for url in named) if isinstance(named, list) else ()
    if not urls:
        raise ConfigError(f"{where} names no endpoint", hint="pmpc workspace config set cluster.endpoints HOST")
    if len(urls) > 1 and any(url.startswith("sim:") for url in urls):
        raise ConfigError(f"{where}: a simulated world has one endpoint and no others beside it")
    return Connection(
        endpoints=urls,
        credentials=_credentials(cluster, where, context, urls[0]),
        tls=_tls(cluster.get("tls"), context.base, context.home),
        request_timeout=request_timeout,
        parallel=parallel,
    )


def _credentials(cluster: JsonObject, where: str, context: SecretContext, url: str) -> Token | Login:
    token, user = cluster.get("token_id"), cluster.get("username")
    if token is not None and user is not None:
        raise ConfigError(f"{where} has a token and a username; one of them has to go")
    if isinstance(user, str):
        otp = _secret(cluster, "otp", f"one-time code of {user}", context)
        return Login(user, _needed(cluster, "password", user, where, context), otp)
    if isinstance(token, str):
        return Token(token, _needed(cluster, "token_secret", token, where, context))
    if url.startswith("sim:") and context.simulated is not None:
        token_id, secret = context.simulated(url)
        return Token(token_id, lambda: Secret(secret))
    if where == "the environment":
        raise ConfigError(
            "PMPC_URL is set, so the credentials have to come from the environment too",
            hint="set PMPC_TOKEN_ID and PMPC_TOKEN_SECRET, or unset PMPC_URL to use a workspace",
        )
    raise ConfigError(
        f"{where} names no credentials", hint="pmpc workspace config set cluster.token_id USER@REALM!NAME"
    )


def _needed(cluster: JsonObject, key: str, owner: str, where: str, context: SecretContext) -> Callable[[], Secret]:
    what = f"password of {owner}" if key == "password" else f"secret of the token {owner}"
    found = _secret(cluster, key, what, context)
    if found is not None:
        return found
    if where == "the environment":
        raise ConfigError(
            f"PMPC_URL is set, so the {what} has to come from the environment too", hint=f"set {_variable(key)}"
        )
    raise ConfigError(f"{where} names no source for the {what}", hint=f"pmpc workspace config set cluster.{key} SOURCE")


def _secret(cluster: JsonObject, key: str, what: str, context: SecretContext) -> Callable[[], Secret] | None:
    value = cluster.get(key)
    return None if value is None else later(from_data(value), what, context)


def _tls(value: Json, base: Path, home: Path) -> Tls:
    if not isinstance(value, dict):
        return Tls()
    file, fingerprint = value.get("ca_file"), value.get("fingerprint")
    return Tls(
        verify=value.get("verify") is not False,
        ca_file=(home / file[2:] if file.startswith("~/") else base / file) if isinstance(file, str) else None,
        fingerprint=fingerprint if isinstance(fingerprint, str) else None,
    )


def _normal(variable: str, normal: Callable[[str], str], text: str) -> str:
    try:
        return normal(text)
    except ValueError as error:
        raise ConfigError(f"{variable} cannot be used: it {error}") from None


def _variable(key: str) -> str:
    return f"PMPC_{key.upper()}"
