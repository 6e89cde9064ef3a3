"""A file on its way to a storage: one multipart body of a size known before, streamed from the disk.

PVE takes no chunked requests, and reads the fields up to the file, so that all of them come first (pve-http-server).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from proxmox_mpc.api.forms import pairs
from proxmox_mpc.domain.call import FileBody, Value
from proxmox_mpc.errors import StateError

_PIECE = 256 * 1024


class Upload:
    """The body of one request; it can be read again as long as nothing of it was sent."""

    def __init__(self, params: Mapping[str, Value], file: FileBody) -> None:
        self._file = file
        # The digest of the file cannot stand in the file itself.
        boundary = f"pmpc-{file.sha256}"
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{value}\r\n'
            for key, value in pairs(params)
        )
        part = f'name="filename"; filename="{_quoted(file.name)}"\r\nContent-Type: application/octet-stream'
        head = f"{fields}--{boundary}\r\nContent-Disposition: form-data; {part}\r\n\r\n"
        self._head = head.encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.headers = [
            ("Content-Type", f"multipart/form-data; boundary={boundary}"),
            ("Content-Length", str(len(self._head) + file.size + len(self._tail))),
        ]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body piece by piece; raises StateError when the file is not what it was when it was looked at."""
        yield self._head
        file, sent = self._file, 0
        try:
            with file.path.open("rb") as content:
                while piece := content.read(_PIECE):
                    sent += len(piece)
                    if sent > file.size:
                        break
                    yield piece
                    if file.progress is not None:
                        file.progress(sent, file.size)
        except OSError as error:
            raise StateError(f"{file.path} cannot be read: {error.strerror}") from error
        if sent != file.size:
            raise StateError(f"{file.path} was changed while it was being sent; the server has not kept it")
        yield self._tail


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
