"""Run as a process: pmpc commands that are killed at given moments, as JSON lines.

``killed_life LAB DIRECTORY MOMENTS COMMAND…``: for each of so many moments, spread over the whole run, a copy of the
workspace LAB is made in DIRECTORY, and COMMAND is killed there when it is about to change the disk for that time. ``%``
in a word stands for the copy. Each moment is a child of its own, made before anything has started a thread.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import proxmox_mpc.cli.commands.workspace_life
import proxmox_mpc.cli.main
from proxmox_mpc.output.streams import Streams

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect")


def run(root: Path, words: list[str], moment: int | None, tell: int) -> int:
    """Run a command in a child, killed at the moment; tells each change by a byte and returns how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count = 0

    def changing(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in _CHANGES or (writes and str(root) in str(arguments[0])):
            os.write(tell, b"R" if event == "os.rename" else b".")
            count += 1
            if count - 1 == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(changing)
    streams = Streams(io.StringIO(), io.StringIO(), io.StringIO())
    argv = [word.replace("%", str(root)) for word in words]
    os._exit(proxmox_mpc.cli.main.run(argv, environ=dict(os.environ), cwd=root, streams=streams))


def main(lab: Path, directory: Path, moments: int, words: list[str]) -> None:
    """Count the changes of a whole run first, then kill others at them."""
    reader, writer = os.pipe()
    shutil.copytree(lab, directory / "whole", symlinks=True)
    ending = run(directory / "whole", words, None, writer)
    changes = os.read(reader, 1 << 16)
    print(json.dumps({"place": "whole", "ending": ending, "changes": changes.decode()}), flush=True)
    # The renames are what an exchange is made of; the rest is sampled.
    chosen = {number for number, change in enumerate(changes) if change == ord("R")}
    chosen |= {len(changes) * number // moments for number in range(moments)}
    for moment in sorted(chosen):
        place = directory / f"at-{moment}"
        shutil.copytree(lab, place, symlinks=True)
        ending = run(place, words, moment, writer)
        os.read(reader, 1 << 16)
        print(json.dumps({"place": place.name, "ending": ending}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
