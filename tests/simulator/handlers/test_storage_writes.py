"""Files that come to storages, backups that go by their age."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.simulator import access_for
from proxmox_mpc.simulator.http import Request, Response
from proxmox_mpc.simulator.pruning import marks, read_keep
from proxmox_mpc.simulator.world import Volume
from tests.simulator.conftest import Session

LOCAL = "/nodes/pve1/storage/local"
URL = "https://files.example/noble.img"
DAY = 86_400


def upload(
    lab: Session, name: str, content: bytes, *fields: tuple[str, str], late: tuple[str, str] | None = None
) -> Response:
    def field(key: str, value: str) -> bytes:
        return f'--xyz\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()

    head = f'--xyz\r\nContent-Disposition: form-data; name="filename"; filename="{name}"\r\n'
    body = b"".join(field(*pair) for pair in fields) + head.encode()
    body += b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    body += (field(*late) if late else b"") + b"--xyz--\r\n"
    token, secret = access_for(lab.sim.world)
    headers = {"authorization": f"PVEAPIToken={token}={secret}", "content-type": "multipart/form-data; boundary=xyz"}
    return lab.sim.handle(Request("POST", f"/api2/json{LOCAL}/upload", "", headers, body))


def ended(lab: Session, response: Response) -> str:
    upid = json.loads(response.body)["data"]
    lab.clock.advance(60)
    return str(lab.data("GET", f"/nodes/pve1/tasks/{upid.replace(':', '%3A')}/status")["exitstatus"])


def held(lab: Session, content: str) -> set[str]:
    return {row["volid"] for row in lab.data("GET", f"{LOCAL}/content", content=content)}


@pytest.mark.capability("4.5")
def test_an_upload_is_copied_in_a_task_when_its_checksum_is_right(lab: Session) -> None:
    content = bytes(range(256)) * 4096  # beyond the limit of an ordinary body
    good = hashlib.sha256(content).hexdigest()
    sums = (("content", "iso"), ("checksum-algorithm", "sha256"), ("checksum", good))
    assert ended(lab, upload(lab, "My disk.iso", content, *sums)) == "OK"
    assert "local:iso/My_disk.iso" in held(lab, "iso")
    wrong = (*sums[:2], ("checksum", "0" * 64))
    assert "checksum mismatch" in ended(lab, upload(lab, "other.iso", content, *wrong))
    assert "local:iso/other.iso" not in held(lab, "iso")


@pytest.mark.parametrize(
    ("name", "content", "status"), [("x.exe", "iso", 400), ("x.qcow2", "import", 500), ("x.iso", "images", 400)]
)
def test_uploads_that_are_refused(lab: Session, name: str, content: str, status: int) -> None:
    assert upload(lab, name, b"1", ("content", content)).status == status


def test_fields_behind_the_file_are_not_read(lab: Session) -> None:
    response = upload(lab, "x.iso", b"1", late=("content", "iso"))
    assert response.status == 400
    assert b'"content"' in response.body


@pytest.mark.capability("4.5")
def test_a_download_appears_when_its_task_is_over(lab: Session) -> None:
    found = lab.data("GET", "/nodes/pve1/query-url-metadata", url=URL)
    assert found["filename"] == "noble.img"
    params = {"url": URL, "content": "iso", "filename": "noble.img", "checksum__algorithm": "sha256"}
    good = hashlib.sha256(URL.encode()).hexdigest()
    assert lab.run("POST", f"{LOCAL}/download-url", **params, checksum=good) == "OK"
    row = next(r for r in lab.data("GET", f"{LOCAL}/content") if r["volid"] == "local:iso/noble.img")
    assert row["size"] == found["size"]
    assert lab.run("POST", f"{LOCAL}/download-url", **params, checksum=good) == "OK"
    assert "existing file has wrong checksum" in lab.run("POST", f"{LOCAL}/download-url", **params, checksum="0" * 64)


@pytest.mark.parametrize(
    ("url", "said"),
    [("https://mirror.invalid/a.iso", "Can't connect"), ("https://files.example/missing.iso", "404 Not Found")],
)
def test_downloads_that_fail_in_their_task(lab: Session, url: str, said: str) -> None:
    assert said in lab.run("POST", f"{LOCAL}/download-url", url=url, content="iso", filename="a.iso")
    assert "local:iso/a.iso" not in held(lab, "iso")
    assert said in lab.refused("GET", "/nodes/pve1/query-url-metadata", url=url)[2]["url"]


def test_a_full_disk_takes_nothing(lab: Session) -> None:
    node = lab.sim.world.nodes["pve1"]
    node.rootfs_used = node.rootfs
    assert "No space left" in lab.run("POST", f"{LOCAL}/download-url", url=URL, content="iso", filename="a.iso")


def test_a_storage_that_is_not_online(lab: Session) -> None:
    lab.sim.world.storages["local"].active = False
    said = lab.refused("POST", f"{LOCAL}/download-url", url=URL, content="iso", filename="a.iso")
    assert said[:2] == (500, "storage 'local' is not online")


def test_templates_of_the_list(lab: Session) -> None:
    name = lab.data("GET", "/nodes/pve1/aplinfo")[0]["template"]
    assert lab.run("POST", "/nodes/pve1/aplinfo", storage="local", template=name) == "OK"
    assert f"local:vztmpl/{name}" in held(lab, "vztmpl")
    assert lab.refused("POST", "/nodes/pve1/aplinfo", storage="local", template="nothing")[2] == {
        "template": "no such template"
    }
    assert lab.refused("POST", "/nodes/pve1/aplinfo", storage="local-lvm", template=name)[0] == 500


@pytest.mark.capability("4.7")
def test_what_the_preview_marks_is_what_goes(lab: Session) -> None:
    path = "/nodes/pve1/storage/nas-backup/prunebackups"
    keep = {"prune__backups": "keep-last=1"}
    marked: list[dict[str, Any]] = lab.data("GET", path, **keep)
    assert {row["mark"] for row in marked} >= {"keep", "remove"}
    assert lab.run("DELETE", path, **keep) == "OK"
    left = {row["volid"] for row in lab.data("GET", "/nodes/pve1/storage/nas-backup/content", content="backup")}
    assert left == {row["volid"] for row in marked if row["mark"] != "remove"}


def backup(age: int, vmid: int = 100, *, protected: bool = False) -> Volume:
    made = 1_795_000_000 - age * DAY
    return Volume(
        f"s:backup/{vmid}-{age}", "", "backup", "vma", 1, made, vmid=vmid, protected=protected, subtype="qemu"
    )


@given(st.lists(st.integers(0, 800), unique=True, min_size=1), st.integers(1, 9))
def test_the_newest_are_kept_and_the_last_ones_counted(ages: list[int], count: int) -> None:
    marked = marks([backup(age) for age in ages], {"keep-last": count})
    assert {volid for volid, mark in marked.items() if mark == "keep"} == {
        f"s:backup/100-{age}" for age in sorted(ages)[:count]
    }


def test_periods_keep_one_each_and_each_guest_counts_for_itself() -> None:
    backups = [backup(age) for age in range(40)] + [backup(0, 101), backup(7, 101, protected=True)]
    marked = marks(backups, read_keep("keep-daily=3,keep-weekly=2"))
    kept = [volid for volid, mark in marked.items() if mark == "keep"]
    assert [volid for volid in kept if volid.startswith("s:backup/100-")][:3] == [f"s:backup/100-{n}" for n in range(3)]
    assert len(kept) == 6
    assert marked["s:backup/101-7"] == "protected"


@pytest.mark.parametrize("text", ["", "keep-all=1", "keep-last=0"])
def test_no_retention_keeps_all(text: str) -> None:
    assert set(marks([backup(1), backup(2)], read_keep(text)).values()) == {"keep"}
