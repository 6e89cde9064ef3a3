"""Reading a secret from its source, when it is needed and not before."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import SecretError, UntrustedWorkspace
from proxmox_mpc.workspace.secret_sources import SecretSource

Ask = Callable[[str], str]
"""Shows a question and returns what was typed, unseen; there is none without a terminal or with ``--no-input``."""
KEYRING_SERVICE = "pmpc"
_LONGEST = 64 * 1024
_COMMAND_SECONDS = 60


class SecretContext:
    """What reading a secret may use.

    ``base`` is where relative files start, ``trusted`` says whether commands may run, ``simulated`` returns id and
    secret of the token that a simulated world (``sim://…``) holds ready. ``passphrase`` is the one that was typed.
    """

    __slots__ = ("ask", "base", "environ", "home", "passphrase", "simulated", "trusted", "uid")

    def __init__(
        self,
        environ: Mapping[str, str],
        base: Path,
        home: Path,
        uid: int,
        ask: Ask | None,
        trusted: Callable[[], bool],
        simulated: Callable[[str], tuple[str, str]] | None = None,
    ) -> None:
        self.environ = environ
        self.base = base
        self.home = home
        self.uid = uid
        self.ask = ask
        self.trusted = trusted
        self.simulated = simulated
        self.passphrase: str | None = None

    def at(self, base: Path) -> SecretContext:
        """Return the same for relative files that start elsewhere."""
        return SecretContext(self.environ, base, self.home, self.uid, self.ask, self.trusted, self.simulated)


def later(source: SecretSource, what: str, context: SecretContext) -> Callable[[], Secret]:
    """Return a function that reads the secret at its first call and remembers it, in any thread."""
    lock = threading.Lock()
    known: list[Secret] = []

    def get() -> Secret:
        with lock:
            if not known:
                known.append(read_secret(source, what, context))
            return known[0]

    return get


def read_secret(source: SecretSource, what: str, context: SecretContext) -> Secret:
    """Return the secret, without the newline at its end; ``what`` names it in questions and errors.

    Raises SecretError, which never carries a part of it, and UntrustedWorkspace for a command.
    """
    text = _READERS[source.kind](source.value, what, context).rstrip("\r\n")
    if not text.strip():
        raise SecretError(f"{what}: {source.describe()} is empty")
    if "\n" in text or "\r" in text or "\0" in text:
        raise SecretError(f"{what}: {source.describe()} has more than one line")
    return Secret(text)


def _from_env(value: str, what: str, context: SecretContext) -> str:
    if value not in context.environ:
        raise SecretError(f"{what} comes from the variable {value}, which is not set", hint=f"export {value}=…")
    return context.environ[value]


def _from_file(value: str, what: str, context: SecretContext) -> str:
    path = context.home / value[2:] if value.startswith("~/") else context.base / value
    try:
        # Symlinks are followed: schedulers hand out secrets through them. What counts is who may read the file itself.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SecretError(f"{what} comes from {path}, which cannot be read: {error.strerror}") from error
    try:
        _private(os.fstat(handle), path, what, context.uid)
        content = os.read(handle, _LONGEST + 1)
    finally:
        os.close(handle)
    if len(content) > _LONGEST:
        raise SecretError(f"{what} comes from {path}, which is too large for a secret")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{what} comes from {path}, which is no text") from None


def _private(status: os.stat_result, path: Path, what: str, uid: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretError(f"{what} comes from {path}, which is no regular file")
    if status.st_uid != uid:
        raise SecretError(f"{what} comes from {path}, which belongs to the user {status.st_uid} and not to you")
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(
            f"{what} comes from {path}, which is open to other users (mode {mode:04o})", hint=f"chmod 600 {path}"
        )


def _from_keyring(value: str, what: str, context: SecretContext) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise SecretError(
            f"{what} is in the key store, for which the keyring package is missing",
            hint="pip install 'proxmox-mpc[keyring]'",
        ) from error
    try:
        found = keyring.get_password(KEYRING_SERVICE, value)
    except keyring.errors.KeyringError as error:
        raise SecretError(f"{what}: the key store cannot be used ({type(error).__name__})") from None
    if found is None:
        hint = f"keyring set {KEYRING_SERVICE} {value}"
        raise SecretError(f"{what}: the key store has no entry {KEYRING_SERVICE} / {value}", hint=hint)
    return str(found)


def _from_command(value: str, what: str, context: SecretContext) -> str:
    if not context.trusted():
        raise UntrustedWorkspace(f"{what} comes from a command, and {context.base} is not trusted to run any")
    import shlex
    import subprocess

    argv = shlex.split(value)
    try:
        done = subprocess.run(
            argv,
            cwd=context.base,
            env=dict(context.environ),
            stdin=None if context.ask else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if context.ask else subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        raise SecretError(f"{what}: the command {argv[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SecretError(f"{what}: the command {argv[0]} gave nothing in {_COMMAND_SECONDS} seconds") from None
    if done.returncode:
        hint = "run it by hand to see why"
        raise SecretError(f"{what}: the command {argv[0]} ended with status {done.returncode}", hint=hint)
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{what}: the command {argv[0]} gave no text") from None


def _from_ask(value: str, what: str, context: SecretContext) -> str:
    if context.ask is None:
        raise SecretError(f"{what} is asked for, and there is no terminal to ask on")
    return context.ask(f"{what[:1].upper()}{what[1:]}: ")


def _from_encrypted(value: str, what: str, context: SecretContext) -> str:
    from proxmox_mpc.workspace.encryption import decrypt

    return decrypt(value, passphrase(f"Passphrase for the {what}: ", context))


def passphrase(question: str, context: SecretContext) -> str:
    """Return the passphrase of encrypted secrets: PMPC_PASSPHRASE, the file PMPC_PASSPHRASE_FILE, or asked for."""
    given = context.passphrase or context.environ.get("PMPC_PASSPHRASE")
    if given:
        return given
    file = context.environ.get("PMPC_PASSPHRASE_FILE")
    if file:
        return read_secret(SecretSource("file", file), "the passphrase", context).reveal()
    if context.ask is None:
        raise SecretError(
            "there is no terminal to ask for the passphrase on",
            hint="set PMPC_PASSPHRASE or PMPC_PASSPHRASE_FILE",
        )
    context.passphrase = context.ask(question)
    return context.passphrase


_READERS: Mapping[str, Callable[[str, str, SecretContext], str]] = {
    "env": _from_env,
    "file": _from_file,
    "keyring": _from_keyring,
    "command": _from_command,
    "ask": _from_ask,
    "encrypted": _from_encrypted,
}
