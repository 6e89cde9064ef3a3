"""What can go wrong while a VM is changed: failed tasks, lost answers, locks, others' changes, missing rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proxmox_mpc.api import connect
from proxmox_mpc.domain.connection import Connection, Secret, Tls, Token
from proxmox_mpc.domain.plan import Send
from proxmox_mpc.errors import Conflict
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.vm_config import Wish, set_vms
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]
CREATE = ("vm", "create", "brief", "--disk", "nas:1", "--on-node", "pve1", "--start", "--yes", "-o", "json")


def world(served: Served) -> Any:
    return served.server.simulator.world


@pytest.mark.capability("7.5")
def test_what_was_created_is_taken_back_when_its_start_fails(serve: Serve, pmpc: Pmpc) -> None:
    served = serve("homelab", faults=[{"kind": "task-fails", "type": "qmstart", "text": "no KVM", "times": 2}])
    before = set(world(served).guests)
    kept = pmpc(*CREATE, env=served.environ)
    assert (kept.status, kept.stdout) == (8, "")
    assert "no KVM" in kept.error["message"] and "audit undo" in kept.error["hint"]
    (left,) = set(world(served).guests) - before
    undone = pmpc(*CREATE, "--rollback-on-failure", env=served.environ)
    assert undone.status == 8, undone
    assert set(world(served).guests) == {*before, left}


@pytest.mark.capability("7.5", "4.9")
@pytest.mark.parametrize("kind", ["qmcreate", "qmclone"])
def test_a_task_that_fails_is_a_failure_with_its_text(kind: str, serve: Serve, pmpc: Pmpc) -> None:
    served = serve("homelab", faults=[{"kind": "task-fails", "type": kind, "text": "out of space"}])
    words = CREATE if kind == "qmcreate" else ("vm", "clone", "9000", "x1", "--yes", "-o", "json")
    outcome = pmpc(*words, env=served.environ)
    assert (outcome.status, outcome.stdout) == (8, "")
    assert "out of space" in outcome.error["message"]


@pytest.mark.capability("4.9")
def test_a_task_that_warns_is_a_success_with_a_warning(serve: Serve, pmpc: Pmpc) -> None:
    served = serve("homelab", faults=[{"kind": "task-warns", "type": "qmsnapshot", "text": "guest agent is slow"}])
    outcome = pmpc("vm", "snapshot", "create", "104", "s1", "--yes", "-o", "json", env=served.environ)
    assert (outcome.status, outcome.json["status"]) == (0, "done")
    assert [event["warning"]["code"] for event in outcome.events] == ["task_warnings"]


LOST: dict[str, tuple[tuple[str, ...], str, str, Callable[[Any], bool]]] = {
    "set": (
        ("set", "107", "--description", "new"),
        "PUT",
        "config",
        lambda made: "new" in str(made.guests[107].config.get("description")),
    ),
    "snapshot": (
        ("snapshot", "create", "104", "s1"),
        "POST",
        "snapshot",
        lambda made: "s1" in made.guests[104].snapshots,
    ),
    "disk": (
        ("disk", "add", "107", "virtio5=nas:1"),
        "POST",
        "config",
        lambda made: "virtio5" in made.guests[107].config,
    ),
}


@pytest.mark.capability("7.1", "7.3")
@pytest.mark.parametrize("kind", ["lost", "drop"])
@pytest.mark.parametrize("case", LOST)
def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(kind: str, case: str, serve: Serve, pmpc: Pmpc) -> None:
    words, method, path, done = LOST[case]
    served = serve("homelab", faults=[{"kind": kind, "method": method, "path": f"/nodes/*/{path}"}])
    outcome = pmpc("vm", *words, "--yes", "-o", "json", env=served.environ)
    assert done(world(served)) is (kind == "lost")
    assert outcome.status == (0 if kind == "lost" else 7), outcome


@pytest.mark.capability("7.5", "7.7")
def test_somebody_elses_change_is_not_overwritten(serve: Serve, pmpc: Pmpc) -> None:
    served = serve("homelab")
    environ = served.environ
    token = Token(environ["PMPC_TOKEN_ID"], lambda: Secret(environ["PMPC_TOKEN_SECRET"]))
    with connect(Connection((environ["PMPC_URL"],), token, Tls(fingerprint=environ["PMPC_FINGERPRINT"]))) as api:
        plan = set_vms(api, [find_guest(api, "107")], Wish({"description": "mine"}))
        pmpc.ok("vm", "set", "107", "--description", "theirs", "--yes", env=environ)
        (send,) = [step for step in plan.steps if isinstance(step, Send)]
        with pytest.raises(Conflict) as error:
            api.send(send.call)
    assert error.value.exit_status == 6
    assert "theirs" in world(served).guests[107].config["description"]


@pytest.mark.capability("7.5", "9.1")
def test_locked_without_rights_and_without_quorum(serve: Serve, pmpc: Pmpc) -> None:
    served = serve("homelab")
    world(served).guests[107].config["lock"] = "backup"
    locked = pmpc("vm", "set", "107", "--cores", "3", "--yes", "-o", "json", env=served.environ)
    assert (locked.status, "locked (backup)" in locked.error["message"]) == (6, True)
    nobody = pmpc("vm", "set", "104", "--cores", "3", "--yes", "-o", "json", env=served.as_token("nobody@pve!nothing"))
    assert nobody.status == 5, nobody
    broken = serve("homelab", faults=[{"kind": "no-quorum", "times": 0}])
    refused = pmpc("vm", "set", "104", "--cores", "3", "--yes", "-o", "json", env=broken.environ)
    assert (refused.status, refused.error["code"]) == (6, "no_quorum")
