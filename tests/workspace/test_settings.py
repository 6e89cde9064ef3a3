"""Which value wins, where it came from, and that a connection is of one piece."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proxmox_mpc.domain.connection import Login, Token
from proxmox_mpc.errors import ConfigError, SecretError, WorkspaceError
from proxmox_mpc.workspace.settings import resolve
from tests.workspace.helpers import REAL, make, settings

PIN = ":".join(["AB"] * 32)
CI = {"PMPC_URL": "ci.example.com", "PMPC_TOKEN_ID": "ci@pve!run", "PMPC_TOKEN_SECRET": "of-the-environment"}


@pytest.mark.capability("6.3")
def test_option_beats_environment_beats_config_beats_user_beats_default(tmp_path: Path) -> None:
    root = make(tmp_path / "lab", REAL + "defaults: {output: json, node: pve1}\n")
    user = root / "home/.config/pmpc"
    user.mkdir(parents=True)
    (user / "config.yml").write_text("defaults: {output: yaml, node: pve9, storage: nas}\n")
    found = resolve(
        environ={"PMPC_OUTPUT": "yaml"}, cwd=root, home=root / "home", uid=os.getuid(), output="table",
        request_timeout=5.0,
    )  # fmt: skip
    assert found.lookup("defaults.output") == ("table", "option")
    assert found.lookup("cluster.request_timeout") == (5.0, "option")
    assert settings(root, {"PMPC_OUTPUT": "yaml"}).lookup("defaults.output") == ("yaml", "environment")
    plain = settings(root)
    assert plain.lookup("defaults.output") == ("json", "config.yml")
    assert plain.lookup("defaults.node") == ("pve1", "config.yml")
    assert plain.lookup("defaults.storage") == ("nas", "user config")
    assert plain.lookup("cluster.parallel") == (6, "default")
    assert plain.lookup("defaults.bridge") == (None, "")


def test_the_user_s_own_file_names_no_connection(tmp_path: Path) -> None:
    user = tmp_path / "home/.config/pmpc"
    user.mkdir(parents=True)
    (user / "config.yml").write_text("cluster: {endpoints: [pve1]}\n")
    with pytest.raises(ConfigError, match="unknown key cluster"):
        settings(tmp_path)


@pytest.mark.capability("6.3", "4.1")
def test_a_workspace_gives_connection_state_and_safety(tmp_path: Path) -> None:
    root = make(
        tmp_path / "lab",
        REAL
        + f"  tls: {{fingerprint: {PIN!r}}}\n  request_timeout: 7\n  parallel: 3\n"
        + "safety: {mode: read-only, protected: [100], policy: {high: deny}}\n",
    )
    found = settings(root, {"LAB_SECRET": "s3cr3t\n"})
    connection = found.connection
    assert connection.endpoints == ("https://pve1.example.com:8006",)
    assert isinstance(connection.credentials, Token)
    assert connection.credentials.token_id == "ops@pve!cli"
    assert connection.credentials.secret().reveal() == "s3cr3t"
    assert (connection.tls.fingerprint, connection.request_timeout, connection.parallel) == (PIN, 7, 3)
    assert found.state.path == root / ".proxmox/state.db"
    assert found.simulated_worlds == root / ".proxmox/sim"
    assert found.safety.mode == "read-only"
    assert found.safety.protected == ("100",)
    assert dict(found.safety.policy) == {"low": "run", "medium": "confirm", "high": "deny", "critical": "name"}


@pytest.mark.capability("4.1")
def test_a_user_with_a_password_and_a_second_factor(tmp_path: Path) -> None:
    root = make(
        tmp_path / "lab",
        "cluster:\n  endpoints: [pve1]\n  username: root@pam\n  password: {env: P}\n  otp: {env: O}\n"
        "  tls: {ca_file: ca.pem}\n",
    )
    connection = settings(root, {"P": "pw", "O": "123456"}).connection
    assert isinstance(connection.credentials, Login)
    assert connection.credentials.password().reveal() == "pw"
    assert connection.credentials.otp is not None
    assert connection.credentials.otp().reveal() == "123456"
    assert connection.tls.ca_file == root / "ca.pem"


@pytest.mark.capability("9.1", "9.6")
def test_the_environment_s_url_never_meets_the_workspace_s_secret(tmp_path: Path) -> None:
    root = make(tmp_path / "lab", REAL + f"  tls: {{fingerprint: {PIN!r}}}\n")
    for missing in ({}, {"PMPC_TOKEN_ID": "ci@pve!run"}, {"PMPC_TOKEN_SECRET": "x"}):
        found = settings(root, {"PMPC_URL": "evil.example.com", "LAB_SECRET": "s3cr3t", **missing})
        with pytest.raises(ConfigError) as caught:
            _ = found.connection
        assert caught.value.exit_status == 3
    found = settings(root, {**CI, "LAB_SECRET": "s3cr3t"})
    connection = found.connection
    assert connection.endpoints == ("https://ci.example.com:8006",)
    assert isinstance(connection.credentials, Token)
    assert connection.credentials.secret().reveal() == "of-the-environment"
    # The pin belongs to the workspace's server.
    assert connection.tls.fingerprint is None
    assert found.lookup("cluster.tls.fingerprint") == (None, "")
    assert found.lookup("cluster.endpoints")[1] == "environment"


@pytest.mark.capability("6.6")
def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    environ = {
        **CI,
        "PMPC_URL": "pve1, https://pve2:443",
        "PMPC_FINGERPRINT": "ab" * 32,
        "PMPC_CA_FILE": "ca.pem",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    found = settings(tmp_path, environ)
    connection = found.connection
    assert found.workspace is None
    assert connection.endpoints == ("https://pve1:8006", "https://pve2:443")
    assert connection.tls.fingerprint == PIN
    assert connection.tls.ca_file == tmp_path / "ca.pem"
    assert found.state.path == tmp_path / "state/pmpc/pve1_8006/state.db"
    assert settings(tmp_path, {**environ, "PMPC_URL": "pve9"}).state.path != found.state.path


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PMPC_URL": "http://pve1"}, "PMPC_URL cannot be used: it is plain http"),
        ({"PMPC_URL": " , "}, "PMPC_URL names no endpoint"),
        ({**CI, "PMPC_TOKEN_ID": "root"}, "PMPC_TOKEN_ID cannot be used: it must be USER@REALM!NAME"),
        ({**CI, "PMPC_FINGERPRINT": "12"}, "PMPC_FINGERPRINT cannot be used: it must be a SHA-256"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, environ)
    assert words in caught.value.message


def test_a_stray_variable_has_no_say_and_is_told(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    found = settings(root, {"PMPC_TOKEN_ID": "ci@pve!run", "PMPC_FINGERPRINT": PIN, "LAB_SECRET": "x"})
    assert [warn.code for warn in found.warnings] == ["environment_ignored"]
    assert "PMPC_TOKEN_ID, PMPC_FINGERPRINT" in found.warnings[0].message
    credentials = found.connection.credentials
    assert isinstance(credentials, Token) and credentials.token_id == "ops@pve!cli"
    # What the workspace itself names as its source is no stray.
    other = make(tmp_path / "ci", REAL.replace("LAB_SECRET", "PMPC_TOKEN_SECRET"))
    assert settings(other, {"PMPC_TOKEN_SECRET": "x"}).warnings == ()


@pytest.mark.capability("10.2")
def test_without_workspace_and_url_the_way_on_is_said(tmp_path: Path) -> None:
    found = settings(tmp_path)
    for use in (lambda: found.connection, lambda: found.state, found.in_use):
        with pytest.raises(WorkspaceError, match="no workspace is in use") as caught:
            use()
        assert "workspace init" in (caught.value.hint or "")
    with pytest.raises(ConfigError, match="PMPC_URL is not set"):
        _ = settings(tmp_path, {"PMPC_TOKEN_ID": "ops@pve!ci"}).connection


def test_a_workspace_without_a_connection_is_said_to_have_none(tmp_path: Path) -> None:
    root = make(tmp_path / "lab", "name: lab\n")
    with pytest.raises(ConfigError, match="names no endpoint"):
        _ = settings(root).connection
    bare = make(tmp_path / "bare", "cluster: {endpoints: [pve1]}\n")
    with pytest.raises(ConfigError, match="names no credentials"):
        _ = settings(bare).connection
    mixed = make(tmp_path / "mixed", "cluster: {endpoints: [pve1, 'sim://homelab']}\n")
    with pytest.raises(ConfigError, match="simulated"):
        _ = settings(mixed).connection


def test_a_simulated_world_needs_no_token(tmp_path: Path) -> None:
    root = make(tmp_path / "lab", "cluster: {endpoints: ['sim://homelab']}\n")
    for found in (settings(root), settings(tmp_path, {"PMPC_URL": "sim://homelab"})):
        credentials = found.connection.credentials
        assert isinstance(credentials, Token)
        assert (credentials.token_id, credentials.secret().reveal()) == ("root@pam!sim", "simulated")


@pytest.mark.capability("9.6")
def test_no_secret_shows_in_settings_or_connection(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    found = settings(root, {"LAB_SECRET": "s3cr3t-value"})
    connection = found.connection
    assert isinstance(connection.credentials, Token)
    secret = connection.credentials.secret()
    assert "s3cr3t-value" not in repr(found) + repr(connection) + repr(secret) + str(secret) + repr(found.layers)
    assert all("s3cr3t-value" not in path.read_text() for path in root.rglob("*") if path.is_file())


def test_a_secret_is_read_when_it_is_needed(tmp_path: Path) -> None:
    credentials = settings(make(tmp_path / "lab")).connection.credentials
    assert isinstance(credentials, Token)
    with pytest.raises(SecretError, match="LAB_SECRET, which is not set"):
        credentials.secret()


@pytest.mark.capability("6.6", "6.2")
def test_a_workspace_is_found_by_option_variable_directory_and_choice(tmp_path: Path) -> None:
    from proxmox_mpc.workspace.registry import Registry

    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    deep = one / "a/b"
    deep.mkdir(parents=True)
    home = deep / "home"
    registry = Registry(home / ".local/state/pmpc")
    registry.add("second", two)

    def root(cwd: Path, **more: object) -> tuple[Path | None, str]:
        found = resolve(
            environ={"PMPC_WORKSPACE": str(more["variable"])} if "variable" in more else {},
            cwd=cwd,
            home=home,
            uid=os.getuid(),
            workspace=str(more["option"]) if "option" in more else None,
            no_input=bool(more.get("no_input")),
        )
        return (found.workspace.root if found.workspace else None), found.found_by

    assert root(deep) == (one, "directory")
    assert root(deep, variable=str(two)) == (two, "PMPC_WORKSPACE")
    assert root(deep, option="second", variable=str(one)) == (two, "option")
    assert root(tmp_path, option="./two") == (two, "option")
    assert root(tmp_path, option="one") == (one, "option")
    assert root(tmp_path) == (None, "")
    registry.use("second")
    assert root(tmp_path) == (two, "workspace use")
    assert root(tmp_path, no_input=True) == (None, "")
    with pytest.raises(WorkspaceError, match="there is no workspace nowhere"):
        root(tmp_path, option="nowhere")
    (tmp_path / "second").mkdir()
    make(tmp_path / "second/x").rename(tmp_path / "second/.proxmox")
    with pytest.raises(WorkspaceError, match=r"a registered workspace .* and a directory here"):
        root(tmp_path, option="second")


@pytest.mark.capability("8.8")
def test_a_command_loads_no_parser_and_no_cryptography(tmp_path: Path) -> None:
    root = make(tmp_path / "lab")
    settings(root)
    script = (
        "import os, sys\nfrom pathlib import Path\n"
        "from proxmox_mpc.workspace.settings import resolve\n"
        "found = resolve(environ={'LAB_SECRET': 'x'}, cwd=Path.cwd(), home=Path.cwd() / 'home', uid=os.getuid())\n"
        "found.connection.credentials.secret()\n"
        "heavy = ('ruamel', 'yaml', 'pydantic', 'cryptography', 'keyring', 'subprocess',"
        " 'proxmox_mpc.workspace.schema', 'proxmox_mpc.workspace.registry', 'proxmox_mpc.workspace.trust')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
