"""Write docs/reference.md from the command tree, or (without --write) check that it says what the commands say."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

from tests.tools.tree import groups, leaves

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "reference.md"


def _help(words: tuple[str, ...]) -> str:
    from proxmox_mpc.cli.main import run
    from proxmox_mpc.output.streams import Streams

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run([*words, "--help"], environ={}, streams=Streams(io.StringIO(), out, io.StringIO()))
    text = out.getvalue()
    if words:
        # What every command takes is said once, at the top of the page.
        head, found, tail = text.partition("\nCommon options:\n")
        columns = tail.partition("\nColumns:\n")
        text = head + (f"\nColumns:\n{columns[2]}" if columns[1] else "") if found else text
    return text.rstrip()


def page() -> str:
    """Return the whole reference."""
    os.environ["COLUMNS"] = "100"
    lines = [
        "# Command reference",
        "",
        "Made from the commands themselves: `make docs WRITE=1`.",
        "",
        "```",
        _help(()),
        "```",
    ]
    for path, _ in groups():
        here = [words for words, _ in leaves() if words[:-1] == path]
        if path and here:
            lines += ["", f"## pmpc {' '.join(path)}"]
        elif not path:
            lines += ["", "## Commands without a group"]
        for words in here:
            lines += ["", f"### pmpc {' '.join(words)}", "", "```", _help(words), "```"]
    return "\n".join(lines) + "\n"


def main(write: bool) -> int:
    """Return 1 when the page on disk differs and is not to be written."""
    made = page()
    if write:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        print("docs/reference.md is not what the commands say; run: make docs WRITE=1")
        return 1
    print("docs/reference.md is what the commands say")
    return 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
