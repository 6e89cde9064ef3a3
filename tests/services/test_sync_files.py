"""Manifests as sync writes them: what only live has changed, and nothing else in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.errors import Conflict, ManifestError
from proxmox_mpc.services.sync_files import declare, forget, take_pulled
from proxmox_mpc.services.sync_session import Session

UUID = "11111111-1111-4111-8111-111111111111"


class Cluster:
    """The recorded state of one VM, and of a pool."""

    def __init__(self) -> None:
        self.config: JsonObject = {"name": "web", "memory": "512", "tags": "a", "smbios1": f"uuid={UUID}"}
        self.row: JsonObject = {"type": "qemu", "vmid": 101, "name": "web", "node": "pve1", "status": "running"}

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind."""
        found: dict[str, Sequence[tuple[str, JsonObject]]] = {
            "guest": [("101", self.row)],
            "config": [("101", self.config)],
            "pool": [("prod", {"poolid": "prod"})],
        }
        return found.get(kind, [])


class Home:
    """A session over an empty infra/ and that cluster; ``file`` is the VM's manifest."""

    def __init__(self, infra: Path) -> None:
        self.cluster = Cluster()
        self.infra = infra
        self.infra.mkdir()

    @property
    def session(self) -> Session:
        return Session(self.infra, lambda: self.cluster)

    @property
    def file(self) -> Path:
        return self.infra / "vm" / "101-web.yml"

    def declare(self, *, force: bool = False, agreed: bool = True) -> list[tuple[str, tuple[str, ...]]]:
        session = self.session
        done = declare(session, session.live(), [("vm", "101")], force=force, agreed=agreed)
        return [(one.action, one.keys) for one in done]

    def pull(self) -> list[tuple[str, tuple[str, ...]]]:
        session = self.session
        return [(one.action, one.keys) for one in take_pulled(session, session.look())]

    def verdicts(self) -> dict[str, str]:
        return {key.key: key.verdict for one in self.session.look() for key in one.keys if key.verdict != "same"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "infra")
    made.declare()
    return made


@pytest.mark.capability("1.2", "2.7")
def test_a_manifest_is_written_with_what_was_agreed(home: Home) -> None:
    text = home.file.read_text()
    assert "name: web\nnode: pve1\n" in text and "memory: 512\n" in text and "status:" not in text
    base = home.session.base.read("vm", "101")
    assert base == BaseEntry(f"qemu uuid={UUID}", {"name": "web", "memory": "512", "tags": "a"})
    assert home.verdicts() == {}
    assert home.declare() == [("unchanged", ())]


@pytest.mark.capability("1.2", "3.5")
def test_only_what_live_has_changed_is_written_and_comments_stay(home: Home) -> None:
    home.file.write_text(
        home.file.read_text().replace("tags: a", "tags: b  # mine").replace("memory", "# much\nmemory")
    )
    home.cluster.config |= {"memory": "1024", "onboot": "1"}
    before = home.file.read_text()
    assert home.pull() == [("changed", ("memory", "onboot"))]
    after = home.file.read_text()
    assert after.replace("onboot: 1\n", "") == before.replace("memory: 512", "memory: 1024")
    assert home.verdicts() == {"memory": "agreed", "onboot": "agreed", "tags": "push"}
    assert home.pull() == []


@pytest.mark.capability("1.2", "3.5")
def test_a_key_that_live_lost_is_taken_out_and_nulled_where_it_is_inherited(home: Home) -> None:
    (home.infra / "defaults").mkdir()
    (home.infra / "defaults" / "vm.yml").write_text("tags: a\n")
    del home.cluster.config["tags"]
    assert home.pull() == [("changed", ("tags",))]
    assert "tags: null\n" in home.file.read_text() or "tags:\n" in home.file.read_text()
    assert home.verdicts() in ({}, {"tags": "agreed"})


@pytest.mark.capability("1.2", "7.5", "9.9")
def test_what_was_not_pushed_is_written_over_only_with_force(home: Home) -> None:
    home.file.write_text(home.file.read_text().replace("memory: 512", "memory: 777"))
    with pytest.raises(Conflict, match="memory"):
        home.declare()
    assert "memory: 777" in home.file.read_text()
    assert home.declare(force=True) == [("changed", ("memory",))]
    assert home.verdicts() == {}


@pytest.mark.capability("1.2", "5.8")
def test_a_wish_leaves_what_was_agreed_alone(home: Home) -> None:
    base = home.session.base.read("vm", "101")
    home.cluster.config["memory"] = "256"
    home.declare(agreed=False)
    home.cluster.config["memory"] = "512"
    assert home.session.base.read("vm", "101") == base
    assert home.verdicts() == {"memory": "push"}


@pytest.mark.capability("7.7", "9.9")
def test_a_file_that_was_edited_meanwhile_is_not_written_over(home: Home) -> None:
    home.cluster.config["memory"] = "1024"
    session = home.session
    merges = session.look()
    home.file.write_text("name: edited\n")
    with pytest.raises(ManifestError, match="was changed since"):
        take_pulled(session, merges)
    assert home.file.read_text() == "name: edited\n"


@pytest.mark.capability("1.2")
def test_forgetting_takes_the_file_and_what_was_agreed(home: Home) -> None:
    session = home.session
    assert [one.action for one in forget(session, session.look())] == ["removed"]
    assert not home.file.exists()
    assert home.session.look() == []


@pytest.mark.capability("1.2", "3.6")
def test_the_base_moves_only_where_both_sides_are_equal(home: Home) -> None:
    home.file.write_text(home.file.read_text().replace("memory: 512", "memory: 777").replace("tags: a", "tags: z"))
    home.cluster.config |= {"memory": "999", "tags": "z"}
    session = home.session
    assert session.settle(session.look()) == 1
    base = home.session.base.read("vm", "101")
    assert base is not None
    assert (base.keys["memory"], base.keys["tags"]) == ("512", "z")
    assert home.verdicts() == {"memory": "conflict"}
    home.file.unlink()
    home.cluster.objects = lambda kind: []  # type: ignore[method-assign]
    session = home.session
    assert session.settle(session.look()) == 1
    assert home.session.base.read("vm", "101") is None


@pytest.mark.capability("1.2", "3.6")
def test_what_pve_sets_in_a_new_object_is_the_clusters_change(home: Home) -> None:
    home.session.base.remove("vm", "101")
    home.file.write_text("name: web\nnode: pve1\nmemory: 512\n")
    session = home.session
    session.settle(session.look(), {("vm", "101")})
    assert home.verdicts() == {"tags": "pull"}
    home.session.base.remove("vm", "101")
    session = home.session
    session.settle(session.look())
    assert home.verdicts() == {"tags": "conflict"}
