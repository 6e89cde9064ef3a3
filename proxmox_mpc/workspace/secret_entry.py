"""Taking a secret in: what has to be done once so that its source can give it from then on."""

from __future__ import annotations

from pathlib import Path

from proxmox_mpc.errors import ConfigError, SecretError
from proxmox_mpc.workspace.encryption import encrypt
from proxmox_mpc.workspace.secret_sources import SecretSource, from_text
from proxmox_mpc.workspace.secrets import KEYRING_SERVICE, SecretContext, passphrase, read_secret


def settle(text: str, what: str, context: SecretContext, entropy: bytes, keyring_name: str, cwd: Path) -> SecretSource:
    """Return the source that config.yml is to name for what stands on the command line.

    ``prompt`` asks for the secret (``encrypted:SOURCE`` takes it from that source) and for a passphrase, ``keyring``
    stores what is not there yet, and a relative ``file`` is one below ``cwd``. ``entropy`` is 28 random bytes.
    Raises ConfigError and SecretError.
    """
    try:
        source = from_text(text, keyring_name)
        nested = from_text(source.value) if source.kind == "encrypted" and source.value else SecretSource("ask", "")
    except ValueError as error:
        raise ConfigError(f"{what}: it {error}") from None
    if source.kind == "file" and not source.value.startswith("~/"):
        return SecretSource("file", below(cwd / source.value, context.base))
    if source.kind == "encrypted":
        if nested.kind == "file" and not nested.value.startswith("~/"):
            nested = SecretSource("file", str(cwd / nested.value))
        secret = read_secret(nested, what, context).reveal()
        return SecretSource("encrypted", encrypt(secret, new_passphrase(what, context), entropy))
    if source.kind == "keyring" and context.ask is not None:
        _store(source.value, what, context)
    return source


def below(path: Path, root: Path) -> str:
    """Return a path as it stands in config.yml: relative to the workspace where it lies in it."""
    whole = path.resolve()
    return str(whole.relative_to(root)) if whole.is_relative_to(root) else str(whole)


def new_passphrase(what: str, context: SecretContext) -> str:
    """Return the passphrase for something new: from the environment, or typed in twice; raises SecretError."""
    known = context.passphrase or context.environ.get("PMPC_PASSPHRASE") or context.environ.get("PMPC_PASSPHRASE_FILE")
    given = passphrase(f"New passphrase for the {what}: ", context)
    if not given:
        raise SecretError("an empty passphrase protects nothing")
    if not known and context.ask is not None and context.ask("The same again: ") != given:
        raise SecretError("the two passphrases differ")
    return given


def _store(name: str, what: str, context: SecretContext) -> None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return  # reading it says what is missing
    assert context.ask is not None
    try:
        if keyring.get_password(KEYRING_SERVICE, name) is None:
            keyring.set_password(KEYRING_SERVICE, name, context.ask(f"{what}, to be kept in the key store: "))
    except keyring.errors.KeyringError as error:
        raise SecretError(f"{what}: the key store cannot be used ({type(error).__name__})") from None
