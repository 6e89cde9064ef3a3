"""What the errors of PVE become."""

from __future__ import annotations

import pytest

from proxmox_mpc import errors
from proxmox_mpc.domain.call import Call
from tests.api.support import bench, data, error


def raised(status: int, message: str | None, fields: dict[str, str] | None = None) -> errors.PmpcError:
    with pytest.raises(errors.PmpcError) as caught:
        bench(error(status, message, fields)).api.send(Call("POST", "/nodes/pve1/qemu", {"vmid": 100}))
    return caught.value


@pytest.mark.capability("4.9")
@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (500, "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist\n", errors.NotFound),
        (500, "storage 'x' does not exist", errors.NotFound),
        (500, "no such user ('x')", errors.NotFound),
        (500, "no such cluster node 'x'", errors.NotFound),
        (
            500,
            "hostname lookup 'x' failed - failed to get address info for: x: Name or service not known",
            errors.NotFound,
        ),
        (500, "unable to create VM 100 - VM 100 already exists on node 'pve1'", errors.AlreadyExists),
        (500, "CT 200 already exists", errors.AlreadyExists),
        (500, "create storage failed: storage ID 'd2' already defined", errors.AlreadyExists),
        (500, "VM is locked (backup)", errors.Locked),
        (500, "CT is locked (snapshot-delete)", errors.Locked),
        (500, "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout", errors.Locked),
        (500, "checksum mismatch (file change by other user?)", errors.Conflict),
        (500, "detected modified configuration - file changed by other user? Try again.", errors.Conflict),
        (500, "VM 100 not running", errors.Conflict),
        (500, "VM 100 is running - destroy failed", errors.Conflict),
        (500, "QEMU guest agent is not running", errors.Conflict),
        (500, "cluster not ready - no quorum?", errors.NoQuorum),
        (500, "only root can set 'lock' config", errors.PermissionDenied),
        (500, "can't open '/sys/x' - No such file or directory", errors.ServerError),
        (500, "unable to read tail", errors.ServerError),
        (501, "Method 'GET /x' not implemented", errors.NotFound),
        (501, "Unexpected content for method 'DELETE'", errors.UnexpectedAnswer),
        (404, "no such file", errors.NotFound),
        (403, "Permission check failed (/vms/101, VM.Config.CPU)", errors.PermissionDenied),
        (401, None, errors.AuthenticationError),
        (595, None, errors.NodeUnreachable),
        (596, "Connection timed out", errors.NodeUnreachable),
        (503, "Service Unavailable", errors.ServerBusy),
        (599, None, errors.ServerBusy),
        (418, "teapot", errors.UnexpectedAnswer),
        (699, None, errors.ServerError),
    ],
)
def test_status_and_text_decide_the_class(status: int, message: str | None, kind: type[errors.PmpcError]) -> None:
    found = raised(status, message)
    assert type(found) is kind
    assert found.details["status"] == status
    assert found.details["path"] == "/nodes/pve1/qemu"


@pytest.mark.capability("4.9", "7.4")
def test_bad_parameters_are_listed_field_by_field() -> None:
    found = raised(400, "Parameter verification failed.\n", {"vmid": "type check\nfailed", "net0": "bad \x1b[31mname"})
    assert type(found) is errors.InvalidValue
    assert "vmid: type check failed" in found.message
    assert "net0: bad [31mname" in found.message
    assert found.details["errors"] == {"vmid": "type check failed", "net0": "bad [31mname"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"vmid": "VM 100 already exists"}, errors.AlreadyExists),
        ({"upid": "no such task"}, errors.NotFound),
        ({"id": "No such job 'x'"}, errors.NotFound),
        ({"skiplock": "Only root may use this option."}, errors.PermissionDenied),
        ({"delete": "unknown option 'x'"}, errors.InvalidValue),
    ],
)
def test_some_bad_parameters_mean_something_else(fields: dict[str, str], kind: type[errors.PmpcError]) -> None:
    assert type(raised(400, "Parameter verification failed.\n", fields)) is kind


@pytest.mark.capability("9.1")
def test_a_missing_privilege_is_named_with_its_path() -> None:
    found = raised(403, "Permission check failed (/vms/101, VM.Config.CPU|VM.Config.Memory)\n")
    assert found.details["acl_path"] == "/vms/101"
    assert found.details["privileges"] == ["VM.Config.CPU", "VM.Config.Memory"]
    assert "root@pam!ci lacks VM.Config.CPU or VM.Config.Memory on /vms/101" in found.message
    assert found.hint is not None
    assert "pveum acl modify /vms/101" in found.hint


def test_a_call_that_takes_no_token_says_so() -> None:
    found = raised(403, "Permission check failed (user != root@pam) not available with API token, need proper ticket.")
    assert found.hint is not None
    assert "password" in found.hint


def test_permission_texts_of_another_form_are_kept() -> None:
    assert (
        raised(403, "Permission check failed (user != root@pam)").message
        == "Permission check failed (user != root@pam)"
    )


def test_without_a_message_the_reason_phrase_speaks() -> None:
    answer = error(500, None, reason="storage 'Büro' does not exist".encode())
    with pytest.raises(errors.NotFound, match="storage 'Büro' does not exist"):
        bench(answer).api.read("/storage")


def test_a_silent_node_is_named() -> None:
    found = raised(595, None)
    assert found.details["node"] == "pve1"
    assert found.message.startswith("node pve1 does not answer")


def test_an_error_without_any_text_still_says_what_was_asked() -> None:
    assert raised(500, None).message == "POST /nodes/pve1/qemu: the server answered 500 without a text"


@pytest.mark.capability("9.3")
def test_no_control_character_comes_through() -> None:
    assert raised(500, "a\x1b]0;x\x07b\u202ec\nd").message == "a ]0;x b c d"


def test_a_long_text_is_bounded() -> None:
    assert len(raised(500, "x" * 100_000).message) == 2000


def test_a_redirect_is_not_followed() -> None:
    import httpx

    made = bench(httpx.Response(301, headers={"location": "https://elsewhere.test/"}), data([]))
    with pytest.raises(errors.UnexpectedAnswer, match=r"redirects to https://elsewhere\.test/"):
        made.api.read("/nodes")
    assert len(made.sent) == 1
