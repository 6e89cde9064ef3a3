"""Where a new VM goes, and what is sent for an image."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Target
from proxmox_mpc.errors import Conflict, NodeUnreachable, NotFound, UsageError
from proxmox_mpc.services.vm_image import digest_of, file_name, image_from_url
from proxmox_mpc.services.vm_place import Needs, place
from tests.services.fake_source import FakeSource

GIB = 1 << 30


def rows() -> list[JsonObject]:
    """Three nodes: a full one, a free one, one that is off."""
    nodes: list[JsonObject] = [
        {"type": "node", "node": "full", "status": "online", "maxmem": 64 * GIB, "mem": 60 * GIB},
        {"type": "node", "node": "free", "status": "online", "maxmem": 32 * GIB, "mem": 4 * GIB},
        {"type": "node", "node": "off", "status": "offline"},
    ]
    storages: list[JsonObject] = [
        {"type": "storage", "storage": "nas", "node": name, "status": "available", "content": "images,iso"}
        for name in ("full", "free")
    ]
    storages.append({"type": "storage", "storage": "fast", "node": "full", "status": "available", "content": "images"})
    storages.append({"type": "storage", "storage": "fast", "node": "free", "status": "unknown", "content": "images"})
    return [*nodes, *storages]


def source() -> FakeSource:
    made = FakeSource()
    made.nodes = {"full": "online", "free": "online", "off": "offline"}
    bridges: list[Json] = [{"iface": "vmbr0", "type": "bridge"}]
    made.lists["/nodes/full/network"] = [*bridges, {"iface": "vmbr1", "type": "bridge"}]
    made.lists["/nodes/free/network"] = bridges
    return made


def needs(*storages: str, bridges: tuple[str, ...] = ()) -> Needs:
    return Needs(frozenset((name, "images") for name in storages), frozenset(bridges))


@pytest.mark.capability("2.1")
def test_the_node_with_most_free_memory_that_has_what_is_needed() -> None:
    found = place(source(), rows(), needs("nas"), None)
    assert found.node == "free" and "28.0 GiB" in found.why
    assert place(source(), rows(), needs("fast"), None).node == "full"
    assert place(source(), rows(), needs("nas", bridges=("vmbr1",)), None).node == "full"
    assert place(source(), rows(), needs("nas"), "full") == ("full", "")


@pytest.mark.capability("2.1", "7.4")
def test_why_no_node_can_take_it() -> None:
    with pytest.raises(Conflict) as error:
        place(source(), rows(), needs("fast", bridges=("vmbr9",)), None)
    assert error.value.details["nodes"] == {
        "free": "has storage fast, which is unknown",
        "full": "has no bridge vmbr9",
    }
    with pytest.raises(NodeUnreachable):
        place(source(), rows(), needs(), "off")
    with pytest.raises(NotFound, match="no node 'none'"):
        place(source(), rows(), needs(), "none")
    with pytest.raises(NotFound, match="has no storage tape"):
        place(source(), rows(), needs("tape"), "free")


@pytest.mark.capability("2.1")
def test_a_node_whose_networks_cannot_be_seen_is_taken_to_have_them() -> None:
    blind = source()
    blind.refused["/nodes/free/network"] = NotFound("hidden")
    assert place(blind, rows(), needs("nas", bridges=("vmbr1",)), None).node == "free"


@pytest.mark.capability("2.1", "9.3")
def test_names_of_images_and_digests() -> None:
    assert file_name("https://x/a/debian-13.qcow2?v=1") == ("debian-13.qcow2", None)
    assert file_name("https://x/noble.img") == ("noble.qcow2", None)
    assert file_name("https://x/a%20b/..%2Fdisk.raw.xz") == (".._disk.raw", "xz")
    for wrong in ("file:///etc/passwd", "https://x/", "https://x/readme.txt", "https:///x.img"):
        with pytest.raises(UsageError):
            file_name(wrong)
    assert digest_of("SHA256:" + "A" * 64) == ("sha256", "a" * 64)
    assert digest_of("b" * 128) == ("sha512", "b" * 128)
    for wrong in ("sha1:" + "a" * 64, "xyz", ""):
        with pytest.raises(UsageError):
            digest_of(wrong)


@pytest.mark.capability("2.1")
def test_an_image_needs_a_storage_that_takes_imports() -> None:
    target = Target("vm", 100)
    with pytest.raises(Conflict) as error:
        image_from_url(source(), rows(), "https://x/y.img", "free", target, storage=None, checksum=None)
    assert error.value.hint is not None and "--content images,iso,import" in error.value.hint
    with pytest.raises(NotFound):
        image_from_url(source(), rows(), "https://x/y.img", "free", target, storage="tape", checksum=None)
