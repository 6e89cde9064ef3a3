"""Where a secret comes from: the notations of config.yml and of the command line, without reading any secret."""

from __future__ import annotations

from proxmox_mpc.domain.json import Json, JsonObject

KINDS = ("env", "file", "keyring", "command", "encrypted", "ask")
NOTATION = "{env: NAME}, {file: PATH}, {keyring: NAME}, {command: COMMAND}, {encrypted: …} or {ask: true}"
CIPHERTEXT = "v1:"
"""What the ciphertext of an encrypted secret begins with (encryption)."""
CLI_NOTATION = "env:VARIABLE, file:PATH, keyring[:NAME], command:COMMAND, prompt, encrypted:SOURCE or ask"


class SecretSource:
    """One source: its kind (one of ``KINDS``) and what that kind needs to know; it never is the secret."""

    # No dataclass: every command that reaches a server pays for making it one.
    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: str) -> None:
        self.kind = kind
        self.value = value

    def to_data(self) -> JsonObject:
        """Return the form that stands in config.yml."""
        return {self.kind: True if self.kind == "ask" else self.value}

    def describe(self) -> str:
        """Return a text for people that leaves out ciphertext."""
        return self.kind if self.kind in ("ask", "encrypted") else f"{self.kind}:{self.value}"


def from_data(data: Json) -> SecretSource:
    """Read the form of config.yml; raises ValueError, whose text does not repeat the value: it might be the secret."""
    if not isinstance(data, dict):
        raise ValueError(f"must name where the secret comes from and not be the secret itself: {NOTATION}")
    if len(data) != 1:
        raise ValueError(f"must name exactly one source: {NOTATION}")
    kind, value = next(iter(data.items()))
    if kind not in KINDS:
        raise ValueError(f"has a source of unknown kind: {NOTATION}")
    if kind == "ask":
        if value is not True:
            raise ValueError("is asked for when it says {ask: true}")
        return SecretSource(kind, "")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"needs a text after {kind}:")
    if kind == "command":
        _check_command(value)
    if kind == "encrypted" and not value.startswith(CIPHERTEXT):
        raise ValueError("is not encrypted by pmpc; set it by: pmpc workspace config set KEY encrypted")
    return SecretSource(kind, value)


def from_text(text: str, keyring_name: str = "") -> SecretSource:
    """Read the form of the command line; raises ValueError, whose text does not repeat the value.

    ``keyring_name`` is the entry meant by a bare ``keyring``. ``prompt`` is asked for once and kept ``encrypted``, with
    no ciphertext yet: its value is empty, or the source that the secret is taken from once (``encrypted:env:NAME``);
    see ``secret_entry``. ``ask`` asks at every use.
    """
    kind, colon, value = text.partition(":")
    if text == "prompt":
        kind = "encrypted"
    if kind not in KINDS or (kind == "ask" and colon):
        raise ValueError(f"must name where the secret comes from and not be the secret itself: {CLI_NOTATION}")
    if kind == "keyring" and not value:
        value = keyring_name
    if not value and kind not in ("ask", "encrypted"):
        raise ValueError(f"needs something after {kind}: as in {CLI_NOTATION}")
    if kind == "command":
        _check_command(value)
    return SecretSource(kind, value)


def _check_command(value: str) -> None:
    import shlex

    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError(f"has a command that cannot be split into words: {error}") from error
    if not words:
        raise ValueError("has an empty command")
