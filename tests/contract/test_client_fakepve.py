"""The client against fakepve, an independent fake that validates with PVE's own schema and wording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakepve import FakePve

from proxmox_mpc.api import Api, Backoff, connect
from proxmox_mpc.api.tls import fetch_certificate
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Connection, Login, Secret, Tls, Token
from proxmox_mpc.domain.json import Json, Param, as_object, as_rows, integer, text
from proxmox_mpc.domain.property_string import Nic, PropertyString
from proxmox_mpc.domain.source import Query
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import (
    AlreadyExists,
    AuthenticationError,
    FingerprintMismatch,
    InvalidValue,
    NodeUnreachable,
    NoQuorum,
    NotFound,
    TaskFailed,
    TlsError,
)

TOKEN = Token("root@pam!ci", lambda: Secret("11111111-2222-3333-4444-555555555555"))
POLL = Backoff(first=0.01, factor=1, most=0.01)


def client(fake: FakePve, cafile: str, credentials: Token | Login = TOKEN, tls: Tls | None = None) -> Api:
    return connect(
        Connection((fake.url,), credentials, tls or Tls(ca_file=Path(cafile)), request_timeout=10),
        sleep=lambda seconds: None,
    )


@pytest.fixture
def api(fakepve: FakePve, fakepve_cafile: str) -> Iterator[Api]:
    """A client with a token, of a fake with two nodes and a stopped VM."""
    fakepve.add_node("pve2")
    fakepve.apitokens["root@pam!ci"] = TOKEN.secret().reveal()
    fakepve.add_vm(100, "web", config={"memory": "512", "scsi0": "local:100/vm-100-disk-0.raw,size=1G"})
    with client(fakepve, fakepve_cafile) as made:
        yield made


def upid(value: Json) -> Upid:
    found = Upid.of(value)
    assert found is not None, value
    return found


@pytest.mark.capability("4.1", "4.10")
def test_a_token_reads(api: Api) -> None:
    assert text(as_object(api.read("/version")), "release") == "9.0"
    assert [row["vmid"] for row in as_rows(api.read("/cluster/resources", {"type": "vm"}))] == [100]


@pytest.mark.capability("4.1")
def test_a_user_logs_in_and_writes(fakepve: FakePve, fakepve_cafile: str, api: Api) -> None:
    login = Login("root@pam", lambda: Secret("secret"))
    with client(fakepve, fakepve_cafile, login) as user:
        user.read("/version")
        user.send(Call("PUT", "/nodes/pve1/qemu/100/config", {"cores": 2}))
        fakepve.tickets.clear()
        assert integer(as_object(user.read("/nodes/pve1/qemu/100/config")), "cores") == 2


@pytest.mark.capability("9.1")
def test_wrong_credentials_are_refused(fakepve: FakePve, fakepve_cafile: str) -> None:
    for credentials in (TOKEN, Login("root@pam", lambda: Secret("wrong"))):
        with client(fakepve, fakepve_cafile, credentials) as nobody, pytest.raises(AuthenticationError):
            nobody.read("/version")


@pytest.mark.capability("4.1")
def test_a_second_factor_is_noticed(fakepve: FakePve, fakepve_cafile: str) -> None:
    fakepve.tfa = True
    login = Login("root@pam", lambda: Secret("secret"))
    with client(fakepve, fakepve_cafile, login) as user, pytest.raises(AuthenticationError, match="second factor"):
        user.read("/version")


@pytest.mark.capability("4.10", "9.2")
def test_a_pinned_certificate(fakepve: FakePve, fakepve_cafile: str, api: Api) -> None:
    fingerprint = fetch_certificate(fakepve.host, fakepve.port, 5).fingerprint
    with client(fakepve, fakepve_cafile, tls=Tls(fingerprint=fingerprint.lower())) as pinned:
        assert pinned.read("/version")
    before = len(fakepve.requests)
    with client(fakepve, fakepve_cafile, tls=Tls(fingerprint="ab" * 32)) as wrong, pytest.raises(FingerprintMismatch):
        wrong.read("/version")
    with client(fakepve, fakepve_cafile, tls=Tls()) as unknown, pytest.raises(TlsError):
        unknown.read("/version")
    assert len(fakepve.requests) == before


@pytest.mark.capability("4.9")
def test_a_task_is_waited_for(api: Api) -> None:
    log: list[str] = []
    task = upid(api.send(Call("POST", "/nodes/pve1/qemu/100/status/start")))
    found = api.wait(task, every=POLL, on_log=log.append)
    assert (found.ok, task.type, task.id) == (True, "qmstart", "100")
    assert "TASK OK" in log
    assert as_object(api.read("/nodes/pve1/qemu/100/status/current"))["status"] == "running"


@pytest.mark.capability("4.9")
def test_a_failed_task_says_why(fakepve: FakePve, api: Api) -> None:
    fakepve.vm(100).start_error = "start failed: QEMU exited with code 1"
    with pytest.raises(TaskFailed, match="QEMU exited with code 1"):
        api.wait(upid(api.send(Call("POST", "/nodes/pve1/qemu/100/status/start"))), every=POLL)


@pytest.mark.capability("4.9", "9.3")
def test_values_survive_the_form(api: Api) -> None:
    form: dict[str, Param] = {
        "net0": "virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=20",
        "description": "a=b;c & d + é",
        "onboot": True,
    }
    api.send(Call("PUT", "/nodes/pve1/qemu/100/config", form))
    config = as_object(api.read("/nodes/pve1/qemu/100/config"))
    assert config["description"] == form["description"]
    nic = Nic.parse(text(config, "net0") or "")
    assert (nic.model, nic.bridge, nic.tag) == ("virtio", "vmbr0", 20)
    assert PropertyString.parse(text(config, "scsi0") or "", "file").get("size") == "1G"


@pytest.mark.capability("4.9", "7.4")
def test_bad_parameters_are_named(api: Api) -> None:
    with pytest.raises(InvalidValue) as caught:
        api.send(Call("PUT", "/nodes/pve1/qemu/100/config", {"cores": "many", "nonsense": 1}))
    errors = caught.value.details["errors"]
    assert isinstance(errors, dict)
    assert {"cores", "nonsense"} <= set(errors)


@pytest.mark.capability("4.9")
def test_what_does_not_exist_and_what_does(api: Api) -> None:
    for path in ("/nodes/pve1/qemu/999/config", "/no/such/path"):
        with pytest.raises(NotFound):
            api.read(path)
    with pytest.raises(AlreadyExists):
        api.send(Call("POST", "/nodes/pve1/qemu", {"vmid": 100}))


@pytest.mark.capability("4.9")
def test_a_delete_takes_its_parameters_along(fakepve: FakePve, api: Api) -> None:
    api.wait(upid(api.send(Call("DELETE", "/nodes/pve1/qemu/100", {"purge": True}))), every=POLL)
    with pytest.raises(NotFound):
        api.read("/nodes/pve1/qemu/100/config")


@pytest.mark.capability("7.1", "7.3")
def test_a_node_that_is_down(fakepve: FakePve, api: Api) -> None:
    fakepve.set_node_offline("pve2")
    found = api.read_many([Query("/nodes/pve1/qemu"), Query("/nodes/pve2/qemu"), Query("/nodes/pve2/lxc")])
    assert isinstance(found[0], list)
    assert isinstance(found[1], NodeUnreachable)
    assert isinstance(found[2], NodeUnreachable)


@pytest.mark.capability("4.9")
def test_without_quorum_reads_work_and_writes_do_not(fakepve: FakePve, api: Api) -> None:
    fakepve.lose_quorum()
    assert api.read("/nodes/pve1/qemu/100/config")
    with pytest.raises(NoQuorum):
        api.send(Call("PUT", "/nodes/pve1/qemu/100/config", {"cores": 2}))
