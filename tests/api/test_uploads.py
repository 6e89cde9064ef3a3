"""Files go out as one body of a size known before, read piece by piece."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from proxmox_mpc.api.uploads import Upload
from proxmox_mpc.domain.call import FileBody
from proxmox_mpc.errors import StateError
from proxmox_mpc.simulator.decoding import decode_upload


def body_of(path: Path, content: bytes, name: str = "disk.iso") -> FileBody:
    path.write_bytes(content)
    return FileBody(path, name, len(content), hashlib.sha256(content).hexdigest())


def test_the_size_is_that_of_the_pieces_and_the_fields_come_first(tmp_path: Path) -> None:
    content = b"\r\n--x\r\n\0" * 100_000
    upload = Upload({"content": "iso", "on": True, "none": None}, body_of(tmp_path / "f", content))
    pieces = list(upload)
    headers = dict(upload.headers)
    assert int(headers["Content-Length"]) == sum(map(len, pieces))
    assert max(map(len, pieces)) <= 256 * 1024
    fields, found = decode_upload(headers["Content-Type"], b"".join(pieces))
    assert (fields, found) == ({"content": "iso", "on": "1", "filename": "disk.iso"}, content)
    assert list(upload) == pieces


def test_progress_is_told_and_strange_names_stay_in_their_place(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    file = body_of(tmp_path / "f", b"x" * 300_000, 'a"\r\nb.iso')
    watched = FileBody(file.path, file.name, file.size, file.sha256, lambda sent, size: told.append((sent, size)))
    text = b"".join(Upload({}, watched))
    assert b'filename="a%22%0D%0Ab.iso"' in text
    assert told[-1] == (300_000, 300_000) and len(told) == 2


@pytest.mark.parametrize("change", [b"x" * 10, b"x" * 1000, None])
def test_a_file_that_changes_on_the_way_is_never_sent_as_whole(tmp_path: Path, change: bytes | None) -> None:
    file = body_of(tmp_path / "f", b"x" * 100)
    upload = Upload({}, file)
    if change is None:
        file.path.unlink()
    else:
        file.path.write_bytes(change)
    with pytest.raises(StateError):
        list(upload)
