"""Plans that turn guests on and off: the exact calls, and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep, Lane, Probe
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.guest_order import stages, startup_order
from proxmox_mpc.services.power import Action, How, power, until
from tests.services.answers import Answers

VM = GuestRef(101, "qemu", "pve1", "web", "running")
CT = GuestRef(201, "lxc", "pve2", "proxy", "running")
CURRENT = "/nodes/pve1/qemu/101/status/current"
RUNNING: JsonObject = {"status": "running", "qmpstatus": "running"}
PAUSED: JsonObject = {"status": "running", "qmpstatus": "paused"}
OFF: JsonObject = {"status": "stopped", "qmpstatus": "stopped"}
ON_DISK: JsonObject = {**OFF, "lock": "suspended"}


def lane(action: Action, now: JsonObject, how: How = How(), ref: GuestRef = VM) -> Lane:  # noqa: B008
    (made,) = power(Answers({ref.path("status", "current"): now}), action, [ref], how, many=False).lanes()
    return made


@pytest.mark.capability("4.3")
@pytest.mark.parametrize(
    ("action", "now", "how", "form", "effect", "then"),
    [
        ("start", OFF, How(), {}, "start", "running"),
        ("start", ON_DISK, How(), {}, "start", "running"),
        ("shutdown", RUNNING, How(), {}, "shutdown", "stopped"),
        ("shutdown", RUNNING, How(timeout=30, force=True), {"timeout": 30, "forceStop": True}, "shutdown", "stopped"),
        ("shutdown", PAUSED, How(force=True), {"forceStop": True}, "shutdown", "stopped"),
        ("stop", RUNNING, How(), {}, "stop", "stopped"),
        ("stop", PAUSED, How(overrule=True), {"overrule-shutdown": True}, "stop", "stopped"),
        ("reboot", RUNNING, How(timeout=9), {"timeout": 9}, "reboot", "running"),
        ("reset", RUNNING, How(), {}, "reset", "runs"),
        ("suspend", RUNNING, How(), {}, "suspend", "paused"),
        ("suspend", RUNNING, How(to_disk=True), {"todisk": True}, "suspend", "stopped"),
        (
            "suspend",
            PAUSED,
            How(to_disk=True, state_storage="nas"),
            {"todisk": True, "statestorage": "nas"},
            "suspend",
            "stopped",
        ),
        ("resume", PAUSED, How(), {}, "resume", "running"),
        ("resume", ON_DISK, How(), {}, "resume", "running"),
    ],
)
def test_what_is_sent(action: Action, now: JsonObject, how: How, form: JsonObject, effect: str, then: str) -> None:
    made = lane(action, now, how)
    (send,) = made.sends
    assert (send.call.method, send.call.path) == ("POST", f"/nodes/pve1/qemu/101/status/{action}")
    assert (dict(send.call.form), send.effect, send.facts.locked) == (form, effect, None)
    probe = made.steps[-1]
    assert isinstance(probe, Probe)
    assert probe.says.endswith(then)


@pytest.mark.capability("4.3")
@pytest.mark.parametrize(
    ("action", "now"),
    [
        ("start", RUNNING),
        ("shutdown", OFF),
        ("stop", OFF),
        ("suspend", PAUSED),
        ("suspend", ON_DISK),
        ("resume", RUNNING),
    ],
)
def test_what_is_as_wanted_stays(action: Action, now: JsonObject) -> None:
    assert [type(step) for step in lane(action, now).steps] == [Keep]


@pytest.mark.capability("4.3")
@pytest.mark.parametrize(
    ("action", "now", "said"),
    [
        ("start", PAUSED, "is resumed, not started"),
        ("shutdown", PAUSED, "cannot shut itself down"),
        ("reboot", OFF, "is not running"),
        ("reset", OFF, "is not running"),
        ("suspend", OFF, "is not running"),
        ("resume", OFF, "is not running"),
    ],
)
def test_what_pve_would_refuse_is_refused_with_the_way_out(action: Action, now: JsonObject, said: str) -> None:
    (step,) = lane(action, now).steps
    assert isinstance(step, Cannot)
    assert said in step.error.message
    assert "pmpc vm" in (step.error.hint or "")


@pytest.mark.capability("4.3")
def test_a_container_is_neither_reset_nor_suspended_to_disk() -> None:
    for action, how in (("reset", How()), ("suspend", How(to_disk=True))):
        (step,) = lane("reset" if action == "reset" else "suspend", RUNNING, how, CT).steps
        assert isinstance(step, Cannot)
        assert step.error.exit_status == 2


@pytest.mark.capability("4.3")
def test_a_guest_of_high_availability_is_given_the_managers_time_and_found_where_it_went() -> None:
    managed: JsonObject = {**RUNNING, "ha": {"managed": 1}}
    made = lane("shutdown", managed, How(timeout=100))
    (send,) = made.sends
    assert send.facts.ha
    probe = made.steps[-1]
    assert isinstance(probe, Probe)
    assert probe.patience > 100
    moved = Answers(
        {
            CURRENT: NotFound("Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist"),
            "/cluster/resources": [{"type": "qemu", "vmid": 101, "node": "pve3", "status": "running"}],
            "/nodes/pve3/qemu/101/status/current": OFF,
        }
    )
    assert until(VM, "stopped")(moved, {}) is None


@pytest.mark.capability("2.8", "4.3")
def test_many_go_by_their_startup_order_and_stop_the_other_way_round() -> None:
    refs = [GuestRef(vmid, "qemu", "pve1", None, "running") for vmid in (1, 2, 3, 4)]
    orders: dict[int, JsonObject] = {
        1: {},
        2: {"startup": "order=2,up=30"},
        3: {"startup": "1"},
        4: {"startup": "up=5"},
    }
    source = Answers({ref.path("config"): orders[ref.vmid] for ref in refs})
    assert stages(source, refs, stopping=False) == {3: 0, 2: 1, 1: 2, 4: 2}
    assert stages(source, refs, stopping=True) == {1: 0, 4: 0, 2: 1, 3: 2}
    assert stages(Answers({}), refs[:1], stopping=True) == {1: 0}


@pytest.mark.capability("2.8", "7.4")
@given(st.text(max_size=20) | st.none())
def test_any_startup_setting_is_read(setting: str | None) -> None:
    assert startup_order(setting) >= 0
