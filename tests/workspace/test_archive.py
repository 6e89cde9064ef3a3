"""A backup's file: what it holds is checked, and what no pmpc has made is not used."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from proxmox_mpc.errors import PmpcError, StateDamaged, WorkspaceError
from proxmox_mpc.workspace.archive import Manifest, entry_of, pack, read_manifest, take_in, unpack


def unasked() -> str:
    raise AssertionError("nobody is asked for a passphrase")


def made(tmp_path: Path, files: dict[str, bytes]) -> Path:
    staged = tmp_path / "staged"
    for name, content in files.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_bytes(content)
    to = tmp_path / "backup.tar.gz"
    pack(to, Manifest({"name": "lab"}, {name: entry_of(staged / name) for name in files}), staged, None)
    return to


def forged(tmp_path: Path, name: str, change: Callable[[tarfile.TarInfo], None] = lambda member: None) -> Path:
    """Return an archive with one member of that name, listed in the manifest, and changed."""
    content = b"evil"
    entry = {"size": len(content), "sha256": "0" * 64, "mode": 0o600}
    text = json.dumps({"format": 1, "files": {name: entry}}).encode()
    path = tmp_path / "forged.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member_name, data in (("manifest.json", text), (name, content)):
            member = tarfile.TarInfo(member_name)
            member.size = len(data)
            if member_name == name:
                change(member)
            tar.addfile(member, io.BytesIO(data if member.isreg() else b""))
    return path


@pytest.mark.capability("6.7")
def test_what_was_packed_comes_out_and_is_private(tmp_path: Path) -> None:
    path = made(tmp_path, {".proxmox/config.yml": b"version: 1\n", "infra/vm/101-web.yml": b"a" * 300_000})
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(read_manifest(path, unasked).files) == [".proxmox/config.yml", "infra/vm/101-web.yml"]
    into = tmp_path / "into"
    unpack(path, unasked, into)
    assert (into / "infra/vm/101-web.yml").read_bytes() == b"a" * 300_000
    assert (into / ".proxmox/config.yml").stat().st_mode & 0o777 == 0o600


def link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0


def hard_link(member: tarfile.TarInfo) -> None:
    member.type, member.linkname, member.size = tarfile.LNKTYPE, "../../etc/passwd", 0


def device(member: tarfile.TarInfo) -> None:
    member.type, member.size = tarfile.FIFOTYPE, 0


def foreign(member: tarfile.TarInfo) -> None:
    member.uid = os.getuid() + 4711


def untouched(member: tarfile.TarInfo) -> None:
    """Leave it as it is."""


@pytest.mark.capability("6.7", "9.5")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("/etc/cron.d/evil", untouched),
        ("../evil", untouched),
        ("infra/../../evil", untouched),
        ("infra/.git/hooks/pre-commit", untouched),
        (".proxmox/cache/config.json", untouched),
        (".proxmox/swap.json", untouched),
        ("infra/link", link),
        ("infra/hard", hard_link),
        ("infra/fifo", device),
        ("infra/foreign", foreign),
    ],
)
def test_an_unsafe_member_is_refused_and_nothing_written(
    tmp_path: Path, name: str, change: Callable[[tarfile.TarInfo], None]
) -> None:
    into = tmp_path / "into"
    with pytest.raises(WorkspaceError, match="pmpc makes no such archives") as caught:
        unpack(forged(tmp_path, name, change), unasked, into)
    assert name in caught.value.message
    assert not into.exists()


@pytest.mark.capability("6.7", "7.8")
def test_a_member_that_is_not_what_was_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateDamaged, match="damaged at infra/a: its SHA-256"):
        unpack(forged(tmp_path, "infra/a"), unasked, tmp_path / "into")


@pytest.mark.capability("6.7", "7.8")
def test_damage_anywhere_is_found(tmp_path: Path) -> None:
    files = {".proxmox/config.yml": b"version: 1\n", "infra/b": os.urandom(20_000), "infra/c": os.urandom(20_000)}
    good = made(tmp_path, files).read_bytes()
    bad = tmp_path / "bad.tar.gz"
    found = set()
    for place in range(0, len(good), 997):
        data = bytearray(good)
        data[place] ^= 0x55
        for number, content in enumerate((bytes(data), good[:place])):
            bad.write_bytes(content)
            try:
                unpack(bad, unasked, tmp_path / f"into-{place}-{number}")
            except PmpcError as error:
                found.add(error.details.get("member"))
            else:
                # The header of gzip holds a time; it may say anything.
                assert gzip.decompress(content) == gzip.decompress(good), place
    assert {"infra/b", "infra/c"} <= found


def test_a_file_that_changes_while_it_is_taken_is_taken_as_it_was_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")
    entry = take_in(source, tmp_path / "copy")
    source.write_text("another")
    assert entry is not None and entry.sha256 == entry_of(tmp_path / "copy").sha256 and entry.size == 3
    source.unlink()
    assert take_in(source, tmp_path / "gone") is None
