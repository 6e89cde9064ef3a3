"""storage upload, through both doors of the simulator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served

CONTENT = bytes(range(256)) * 8000


@pytest.mark.capability("2.8")
def test_a_file_is_streamed_checked_and_can_be_taken_back(lab: Pmpc) -> None:
    (lab.cwd / "new.iso").write_bytes(CONTENT)
    argv = ("storage", "upload", "local", "new.iso", "--on-node", "pve1")
    assert lab(*argv).status == 9
    row = lab.ok(*argv, "--yes")
    assert (row["id"], row["status"]) == ("local:iso/new.iso", "done")
    (call,) = lab.ok("audit", "show", row["operation"])["steps"]
    assert call["params"]["checksum"] == hashlib.sha256(CONTENT).hexdigest()
    assert lab(*argv, "--yes").status == 6
    assert lab.ok(*argv, "--yes", "--if-missing")["changed"] is False
    undone = lab("audit", "undo", row["operation"], "--yes", "--confirm", "local:iso/new.iso")
    assert undone.status == 0, undone
    assert "new.iso" not in lab("storage", "content", "local", "-o", "json").stdout


def test_it_goes_over_tls_and_a_wrong_checksum_goes_nowhere(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("homelab")
    pmpc.environ.update(served.environ)
    (pmpc.cwd / "new.iso").write_bytes(CONTENT)
    argv = ("storage", "upload", "local", "new.iso", "--on-node", "pve1", "--yes")
    assert pmpc(*argv, "--checksum", "0" * 64).status == 2
    assert pmpc(*argv, "--filename", "../x").status == 2
    assert pmpc("storage", "upload", "local", "missing.iso", "--on-node", "pve1", "--yes").status == 2
    assert served.writes == []
    assert pmpc.ok(*argv)["status"] == "done"
    assert len(served.writes) == 1
