"""A workspace gets another token: both halves of it change at once, or neither does."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace import switch_token as module
from proxmox_mpc.workspace.encryption import decrypt, encrypt
from proxmox_mpc.workspace.layout import Workspace
from proxmox_mpc.workspace.secret_sources import SecretSource
from proxmox_mpc.workspace.switch_token import switch_token

CONFIG = """# mine
version: 1
name: lab
cluster:
  endpoints: ["https://pve1:8006"]
  token_id: root@pam!pmpc   # the one
  token_secret: {SOURCE}
"""


def workspace(root: Path, source: str) -> Workspace:
    place = Workspace(root)
    place.cache.mkdir(parents=True)
    place.config_file.write_text(CONFIG.replace("{SOURCE}", source))
    return place


def switch(place: Workspace, source: SecretSource) -> Path | None:
    secret = Secret("new-secret")
    return switch_token(
        place, source, "root@pam!pmpc-2", secret, home=place.root, passphrase=lambda: "words", entropy=bytes(range(28))
    )


@pytest.mark.capability("9.1", "9.5")
def test_a_secret_in_a_file_goes_into_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "token.secret").write_text("old-secret\n")
    place = workspace(tmp_path, "{file: token.secret}")
    old = switch(place, SecretSource("file", "token.secret"))
    assert old == place.root / "token.secret" and old.read_text() == "old-secret\n"
    text = place.config_file.read_text()
    assert "root@pam!pmpc-2" in text and "# mine" in text and "# the one" in text
    (fresh,) = [path for path in tmp_path.glob("token.*") if path != old]
    assert fresh.read_text() == "new-secret\n" and f"file: {fresh.name}" in text
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
    assert "new-secret" not in text


@pytest.mark.capability("9.1", "9.6")
def test_an_encrypted_secret_is_encrypted_again(tmp_path: Path) -> None:
    cipher = encrypt("old-secret", "words", bytes(28))
    place = workspace(tmp_path, f'{{encrypted: "{cipher}"}}')
    assert switch(place, SecretSource("encrypted", cipher)) is None
    text = place.config_file.read_text()
    found = text.partition("encrypted:")[2].strip().strip('{}" \n')
    assert decrypt(found, "words") == "new-secret"


@pytest.mark.capability("9.1", "7.5")
def test_whoever_is_stopped_before_the_end_has_the_old_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token.secret").write_text("old-secret\n")
    place = workspace(tmp_path, "{file: token.secret}")
    before = place.config_file.read_text()

    def full(path: Path, text: str) -> None:
        raise WorkspaceError("no space left")

    monkeypatch.setattr(module, "replace_text", full)
    with pytest.raises(WorkspaceError):
        switch(place, SecretSource("file", "token.secret"))
    assert place.config_file.read_text() == before
    assert sorted(path.name for path in tmp_path.glob("token*")) == ["token.secret"]


def test_what_pmpc_cannot_write_is_left_alone(tmp_path: Path) -> None:
    place = workspace(tmp_path, "{env: TOKEN}")
    with pytest.raises(WorkspaceError, match="env"):
        switch(place, SecretSource("env", "TOKEN"))
