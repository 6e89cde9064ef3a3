"""Secrets by source: what each gives, what each refuses, and that none is ever said."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxmox_mpc.errors import ConfigError, PmpcError, SecretError, UntrustedWorkspace
from proxmox_mpc.workspace.encryption import decrypt, encrypt
from proxmox_mpc.workspace.secret_entry import settle
from proxmox_mpc.workspace.secret_sources import CLI_NOTATION, NOTATION, SecretSource, from_data, from_text
from proxmox_mpc.workspace.secrets import SecretContext, later, read_secret
from proxmox_mpc.workspace.trust import Trust, commands
from tests.workspace.helpers import reading

ENTROPY = bytes(range(28))
HIDDEN = "s3cr3t-value"


def read(source: SecretSource, context: SecretContext) -> str:
    return read_secret(source, "secret of the token ops@pve!ci", context).reveal()


@pytest.mark.capability("9.1", "9.6")
@pytest.mark.parametrize("text", ["env:VAR", "file:~/x", "keyring:name", "command:op read 'op://a b'", "ask"])
def test_a_source_is_the_same_on_the_command_line_and_in_the_file(text: str) -> None:
    source = from_text(text)
    assert from_data(source.to_data()).describe() == source.describe() == text


@pytest.mark.capability("9.6")
@given(st.text(min_size=8, max_size=30).filter(lambda text: ":" not in text))
def test_a_secret_in_place_of_its_source_is_refused_and_not_repeated(text: str) -> None:
    if text in ("encrypted", "prompt", "keyring"):
        return
    with pytest.raises(ValueError, match="must name where") as on_the_line:
        from_text(text)
    with pytest.raises(ValueError, match="must name where") as in_the_file:
        from_data(text)
    with pytest.raises(ValueError, match="exactly one source") as beside:
        from_data({"env": "A", "file": text})
    # The same words whatever was written: nothing of it can be in them.
    assert (
        str(on_the_line.value) == f"must name where the secret comes from and not be the secret itself: {CLI_NOTATION}"
    )
    assert str(in_the_file.value) == f"must name where the secret comes from and not be the secret itself: {NOTATION}"
    assert str(beside.value) == f"must name exactly one source: {NOTATION}"


@pytest.mark.parametrize(
    "data", [{"env": ""}, {"env": 7}, {"file": " "}, {"command": ""}, {"command": "'open"}, {"ask": False}, {}, None]
)
def test_half_a_source_is_none(data: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_data(data)  # type: ignore[arg-type]


@pytest.mark.capability("9.1")
def test_an_environment_variable(tmp_path: Path) -> None:
    assert read(SecretSource("env", "S"), reading(tmp_path, {"S": f"{HIDDEN}\n"})) == HIDDEN
    for environ in ({}, {"S": ""}, {"S": " \n"}, {"S": f"{HIDDEN}\nsecond"}):
        with pytest.raises(SecretError) as caught:
            read(SecretSource("env", "S"), reading(tmp_path, environ))
        assert HIDDEN not in caught.value.message


@pytest.mark.capability("9.1", "9.5")
def test_a_file_must_be_the_user_s_own_and_closed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{HIDDEN}\n")
    file.chmod(0o600)
    context = reading(tmp_path)
    assert read(SecretSource("file", "token"), context) == HIDDEN
    assert read(SecretSource("file", str(file)), context) == HIDDEN
    (tmp_path / "home").mkdir()
    (tmp_path / "home/token").symlink_to(file)
    assert read(SecretSource("file", "~/token"), context) == HIDDEN
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(SecretError) as caught:
            read(SecretSource("file", "token"), context)
        assert caught.value.hint == f"chmod 600 {file}"
    file.chmod(0o400)
    with pytest.raises(SecretError, match="belongs to the user"):
        read(SecretSource("file", "token"), reading(tmp_path, uid=context.uid + 1))
    for name, words in (("absent", "No such file"), (".", "no regular file")):
        with pytest.raises(SecretError, match=words):
            read(SecretSource("file", name), context)


@pytest.mark.capability("9.1")
def test_a_command_runs_only_where_it_is_trusted_and_without_a_shell(tmp_path: Path) -> None:
    source = SecretSource("command", f"printf '%s' '{HIDDEN};$HOME'")
    with pytest.raises(UntrustedWorkspace) as caught:
        read(source, reading(tmp_path))
    assert caught.value.exit_status == 3
    assert "workspace trust" in str(caught.value.hint)
    assert read(source, reading(tmp_path, trusted=True)) == f"{HIDDEN};$HOME"
    for command, words in (
        ("false", "ended with status 1"),
        ("/nowhere/at-all", "cannot be run"),
        ("true", "is empty"),
        (f"sh -c 'echo {HIDDEN}; exit 3'", "ended with status 3"),
    ):
        with pytest.raises(SecretError, match=words) as failed:
            read(SecretSource("command", command), reading(tmp_path, {"PATH": "/bin:/usr/bin"}, trusted=True))
        assert f"echo {HIDDEN}" not in failed.value.message


def test_a_prompt_asks_and_says_when_it_cannot(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return HIDDEN

    assert read(SecretSource("ask", ""), reading(tmp_path, ask=ask)) == HIDDEN
    assert asked == ["Secret of the token ops@pve!ci: "]
    with pytest.raises(SecretError, match="no terminal"):
        read(SecretSource("ask", ""), reading(tmp_path))


@pytest.mark.capability("9.6")
@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=20))
def test_an_encrypted_secret_comes_back_under_its_passphrase_only(secret: str, key: str) -> None:
    text = encrypt(secret, key, ENTROPY, work=2)
    assert decrypt(text, key) == secret
    with pytest.raises(SecretError, match="passphrase does not open"):
        decrypt(text, key + "x")
    body = text.rsplit(":", 1)[1]
    other = ("A" if body[3] != "A" else "B").join([body[:3], body[4:]])
    with pytest.raises(SecretError):
        decrypt(text.replace(body, other), key)


@pytest.mark.capability("9.6")
@pytest.mark.parametrize(
    "text",
    [
        "v1:", "v2:2:AAAA:AAAA:AAAA", "v1:1073741824:AAAA:AAAAAAAAAAAAAAAA:AAAA", "v1:3:AAAA:AAAAAAAAAAAAAAAA:AAAA",
        "v1:2:AAAA:AAAA:AAAA", "v1:x:A:A:A", "v1:2:é:é:é",
    ],
)  # fmt: skip
def test_a_damaged_or_costly_ciphertext_is_refused_at_once(text: str) -> None:
    with pytest.raises(SecretError):
        decrypt(text, "key")


@pytest.mark.capability("9.6")
def test_a_secret_is_taken_in_encrypted_and_read_by_passphrase(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("open sesame\n")
    file.chmod(0o600)
    answers = {"What: ": HIDDEN, "New passphrase for the what: ": "open sesame", "The same again: ": "open sesame"}
    source = settle("prompt", "what", reading(tmp_path, ask=answers.__getitem__), ENTROPY, "", tmp_path)
    assert source.kind == "encrypted" and HIDDEN not in source.value
    assert source.describe() == "encrypted"
    for environ in ({"PMPC_PASSPHRASE": "open sesame"}, {"PMPC_PASSPHRASE_FILE": "passphrase"}):
        assert read(source, reading(tmp_path, environ)) == HIDDEN
    with pytest.raises(SecretError, match="no terminal to ask for the passphrase") as caught:
        read(source, reading(tmp_path))
    assert "PMPC_PASSPHRASE" in str(caught.value.hint)

    scripted = settle("encrypted:env:S", "what", reading(tmp_path, {"S": HIDDEN, "PMPC_PASSPHRASE": "k"}), ENTROPY, "",
                      tmp_path)  # fmt: skip
    assert read(scripted, reading(tmp_path, {"PMPC_PASSPHRASE": "k"})) == HIDDEN

    answers["The same again: "] = "other"
    with pytest.raises(SecretError, match="differ"):
        settle("encrypted", "what", reading(tmp_path, ask=answers.__getitem__), ENTROPY, "", tmp_path)


def test_a_file_is_named_as_seen_from_the_workspace(tmp_path: Path) -> None:
    root = tmp_path / "lab"
    context = reading(root)
    assert settle("file:lab/t", "what", context, ENTROPY, "", tmp_path).value == "t"
    assert settle("file:t", "what", context, ENTROPY, "", tmp_path).value == str(tmp_path / "t")
    assert settle("file:~/t", "what", context, ENTROPY, "", tmp_path).value == "~/t"
    with pytest.raises(ConfigError, match="must name where"):
        settle("plain-secret", "what", context, ENTROPY, "", tmp_path)


@pytest.mark.capability("9.1")
def test_the_key_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(SecretError, match="no entry pmpc / lab/ops@pve!ci"):
            read(SecretSource("keyring", "lab/ops@pve!ci"), reading(tmp_path))
        source = settle(
            "keyring", "what", reading(tmp_path, ask=lambda _q: HIDDEN), ENTROPY, "lab/ops@pve!ci", tmp_path
        )
        assert source.to_data() == {"keyring": "lab/ops@pve!ci"}
        assert read(source, reading(tmp_path)) == HIDDEN
    finally:
        keyring.set_keyring(before)
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(SecretError, match="package is missing") as caught:
        read(source, reading(tmp_path))
    assert "proxmox-mpc[keyring]" in str(caught.value.hint)


def test_a_secret_is_read_once_even_by_many_threads(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return HIDDEN

    get = later(SecretSource("ask", ""), "secret", reading(tmp_path, ask=ask))
    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get().reveal() == HIDDEN
    assert len(asked) == 1


CONFIG: Callable[..., dict[str, object]] = lambda **cluster: {  # noqa: E731
    "cluster": {
        "endpoints": ["https://pve1:8006"],
        "token_id": "ops@pve!ci",
        "token_secret": {"command": "op x"},
        **cluster,
    }
}


@pytest.mark.capability("9.1", "9.6")
def test_trust_holds_for_one_place_and_one_way_of_connecting(tmp_path: Path) -> None:
    from proxmox_mpc.domain.json import JsonObject

    def config(**cluster: object) -> JsonObject:
        return CONFIG(**cluster)  # type: ignore[return-value]

    trust = Trust(tmp_path / "state")
    here, there = tmp_path / "here", tmp_path / "there"
    assert commands(config()) == {"cluster.token_secret": "op x"}
    assert not trust.holds(here, config())
    assert trust.holds(here, config(token_secret={"env": "X"}))
    trust.grant(here, config())
    assert trust.holds(here, config())
    assert trust.holds(here, config(parallel=9))
    assert not trust.holds(there, config())
    for change in (
        {"token_secret": {"command": "curl evil"}},
        {"endpoints": ["https://evil:8006"]},
        {"tls": {"verify": False}},
    ):
        assert not trust.holds(here, config(**change))
    assert (tmp_path / "state/trust.json").stat().st_mode & 0o777 == 0o600
    trust.revoke(here)
    assert not trust.holds(here, config())
    trust.grant(here, config())
    with pytest.raises(PmpcError, match="written by somebody else"):
        Trust(tmp_path / "state", uid=reading(tmp_path).uid + 1).holds(here, config())
    (tmp_path / "state/trust.json").chmod(0o622)
    with pytest.raises(PmpcError, match="written by somebody else"):
        trust.holds(here, config())
    (tmp_path / "state/trust.json").chmod(0o600)
    (tmp_path / "state/trust.json").write_text("{")
    with pytest.raises(PmpcError, match="damaged"):
        trust.holds(here, config())
