"""access: tokens are rotated without ever being without one; secrets are told once and kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Pmpc, Served

OWN = "root@pam!pmpc"


def stored(place: Path) -> bytes:
    """Return all that the workspace keeps, but for the secret's own file."""
    files = [path for path in place.rglob("*") if path.is_file() and "secret" not in path.name]
    return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def served(serve: Callable[..., Served], tmp_path: Path) -> tuple[Served, Pmpc]:
    """pmpc in a workspace on a served homelab, its own token's secret in a file."""
    server = serve("homelab")
    root = tmp_path / "ws"
    root.mkdir()
    secret = root / "token.secret"
    secret.write_text(server.environ["PMPC_TOKEN_SECRET"] + "\n")
    secret.chmod(0o600)
    done = Pmpc(tmp_path, {})(
        *("workspace", "init", str(root), "--no-input", "--url", server.environ["PMPC_URL"]),
        *("--fingerprint", server.environ["PMPC_FINGERPRINT"], "--token-id", server.environ["PMPC_TOKEN_ID"]),
        *("--token-secret-from", f"file:{secret}"),
    )
    assert done.status == 0, done
    return server, Pmpc(root, {})


@pytest.mark.capability("9.1", "7.5")
def test_the_workspaces_own_token_is_replaced_and_it_goes_on(served: tuple[Served, Pmpc]) -> None:
    server, pmpc = served
    old = server.environ["PMPC_TOKEN_ID"]
    row = pmpc.ok("access", "token", "rotate", old, "--yes")
    assert (row["secret"], row["token"], row["workspace"], row["old"]) == (None, f"{old}-2", True, None)
    assert f"token_id: {old}-2" in (pmpc.cwd / ".proxmox/config.yml").read_text().replace('"', "")
    tokens = server.server.simulator.world.users["root@pam"].tokens
    assert old.partition("!")[2] not in tokens
    assert {one["token"] for one in pmpc.ok("access", "token", "list", "root@pam")} >= {f"{old}-2"}
    assert not (pmpc.cwd / "token.secret").exists()
    fresh = tokens[f"{old.partition('!')[2]}-2"].secret
    assert fresh.encode() not in stored(pmpc.cwd)


@pytest.mark.capability("9.1", "7.5")
def test_a_workspace_that_cannot_be_written_keeps_the_token_that_works(
    served: tuple[Served, Pmpc], monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxmox_mpc.errors import WorkspaceError
    from proxmox_mpc.workspace import switch_token

    def full(path: Path, text: str) -> None:
        raise WorkspaceError("no space left")

    server, pmpc = served
    old = server.environ["PMPC_TOKEN_ID"]
    monkeypatch.setattr(switch_token, "replace_text", full)
    outcome = pmpc("access", "token", "rotate", old, "--yes", "-o", "json")
    assert outcome.status == 3
    assert (outcome.json["old"], outcome.json["workspace"]) == (old, False)
    assert outcome.json["secret"], "what nobody can tell again is told"
    assert pmpc("node", "list").status == 0


@pytest.mark.capability("9.1")
def test_a_token_that_is_not_accepted_replaces_nothing(lab: Pmpc) -> None:
    lab.ok("access", "user", "set", "zoe@pve", "--disable", "--yes")
    outcome = lab("access", "token", "rotate", "zoe@pve!ci", "--yes", "--rollback-on-failure", "-o", "json")
    assert (outcome.status, outcome.stdout) == (7, "")
    assert [row["token"] for row in lab.ok("access", "token", "list", "zoe@pve")].count("zoe@pve!ci") == 1
    assert not [row for row in lab.ok("access", "token", "list", "zoe@pve") if row["token"] == "zoe@pve!ci-2"]


@pytest.mark.capability("9.1", "9.6")
def test_the_grants_go_along_and_the_secret_is_told_once(lab: Pmpc) -> None:
    row = lab.ok("access", "token", "rotate", "zoe@pve!ci", "--yes")
    assert row["old"] == "zoe@pve!ci" and row["workspace"] is False
    old, new = (lab.ok("access", "token", "show", token) for token in ("zoe@pve!ci", "zoe@pve!ci-2"))
    assert [(one["path"], one["roleid"]) for one in new["acl"]] == [(one["path"], one["roleid"]) for one in old["acl"]]
    assert (new["expires"], new["privsep"], new["comment"]) == (old["expires"], old["privsep"], old["comment"])
    journal = json.dumps(lab.ok("audit", "show", str(row["operation"])))
    assert row["secret"] not in journal
    own = [path for path in lab.cwd.rglob("*") if path.is_file() and "sim" not in path.parts]
    assert all(row["secret"].encode() not in path.read_bytes() for path in own)


@pytest.mark.capability("9.1")
def test_in_place_ends_the_old_secret_and_is_there_from_pve_9_on(
    lab: Pmpc, made_workspace: Callable[[str], Path]
) -> None:
    row = lab.ok("access", "token", "rotate", "zoe@pve!ci", "--in-place", "--yes")
    assert (row["token"], row["old"]) == ("zoe@pve!ci", None) and row["secret"]
    old = Pmpc(made_workspace("homelab8"), {})
    refused = old("access", "token", "rotate", "zoe@pve!ci", "--in-place", "--yes", "-o", "json")
    assert (refused.status, refused.error["code"]) == (2, "usage")


@pytest.mark.capability("9.1", "9.9")
def test_the_own_token_is_not_simply_deleted(lab: Pmpc) -> None:
    outcome = lab("access", "token", "delete", OWN, "--yes", "-o", "json")
    assert outcome.status == 2 and "rotate" in outcome.error["hint"]


@pytest.mark.capability("9.1")
def test_explain_names_what_is_missing_and_how_to_get_it(lab: Pmpc) -> None:
    page: dict[str, Any] = lab.ok("access", "explain", "vm", "start", "dns", "--token", "zoe@pve!ci")
    assert (page["command"], page["allowed"]) == ("vm start", False) or page["needs"]
    page = lab.ok("access", "explain", "storage", "create", "new", "dir", "--token", "zoe@pve!ci")
    assert page["needs"] == [{"privilege": "Datastore.Allocate", "path": "/storage", "held": False}]
    lines = page["grants"].splitlines()
    assert lines[0] == "pveum role add PmpcStorageCreate1 --privs Datastore.Allocate"
    assert lines[-1] == "pveum acl modify /storage --tokens 'zoe@pve!ci' --roles PmpcStorageCreate1"
    assert lab.ok("access", "explain", "vm", "start", "web")["allowed"] is True
    assert lab("access", "explain", "make", "coffee").status == 2


@pytest.mark.capability("9.3", "7.4")
def test_bad_names_are_refused_before_anything_is_sent(lab: Pmpc) -> None:
    for words in (
        ("user", "create", "bob"),
        ("token", "create", "bob@pve!x"),
        ("role", "create", "PVEMine"),
        ("role", "create", "R1", "--privs", "VM.Fly"),
        ("acl", "create", "vms", "--role", "PVEVMUser", "--user", "bob@pve"),
        ("acl", "create", "/vms", "--role", "PVEVMUser"),
    ):
        outcome = lab("access", *words, "--yes", "-o", "json")
        assert (outcome.status, outcome.stdout) == (2, ""), (words, outcome)
        assert outcome.error["hint"]
