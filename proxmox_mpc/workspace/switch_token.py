"""Giving a workspace another API token: token and secret change in one write of config.yml, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.config import read_text
from proxmox_mpc.workspace.config_edit import replace_text
from proxmox_mpc.workspace.encryption import encrypt
from proxmox_mpc.workspace.files import locked, write_private
from proxmox_mpc.workspace.layout import Workspace
from proxmox_mpc.workspace.secret_sources import SecretSource, from_data
from proxmox_mpc.workspace.yaml_edit import set_value

SWITCHED = ("file", "encrypted")
"""The kinds of sources that pmpc can put a new secret into."""


def source_of(config: JsonObject) -> SecretSource | None:
    """Return where a workspace's token secret comes from, None where config.yml names no token of its own."""
    cluster = config.get("cluster")
    found = cluster.get("token_secret") if isinstance(cluster, dict) else None
    return from_data(found) if found is not None else None


def switch_token(
    place: Workspace,
    source: SecretSource,
    token: str,
    secret: Secret,
    *,
    home: Path,
    passphrase: Callable[[], str],
    entropy: bytes,
) -> Path | None:
    """Put a token and its secret into config.yml; return the file that held the old secret, which nothing names now.

    A secret kept in a file goes into a new file beside it, so that one write of config.yml changes both; whoever is
    stopped in between has the old pair, complete. ``entropy`` is 28 random bytes. Raises ConfigError, WorkspaceError.
    """
    if source.kind == "encrypted":
        value: Json = {"encrypted": encrypt(secret.reveal(), passphrase(), entropy)}
        _write(place, token, value)
        return None
    if source.kind != "file":
        raise WorkspaceError(f"a secret from {source.kind} cannot be replaced by pmpc")
    old = home / source.value[2:] if source.value.startswith("~/") else place.root / source.value
    # The ending stays: what keeps secret files out of version control goes by it.
    fresh = old.with_name(f"{old.stem}.{token.partition('!')[2]}-{entropy[:3].hex()}{old.suffix}")
    write_private(fresh, secret.reveal() + "\n")
    named = source.value.removesuffix(old.name) + fresh.name
    try:
        _write(place, token, {"file": named})
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return old


def _write(place: Workspace, token: str, secret: Json) -> None:
    path = place.config_file
    with locked(place.cache / "config.lock"):
        text = set_value(read_text(path), ("cluster", "token_id"), token)
        replace_text(path, set_value(text, ("cluster", "token_secret"), secret))
