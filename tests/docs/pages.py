"""The pages of the documentation as tests read them: code blocks, shell sessions, commands, links, tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GENERATED = ROOT / "docs" / "reference.md"
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != GENERATED)]
SCRIPTS = sorted((ROOT / "examples").glob("*.*"))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(pmpc [^`]+)`")
_CALL = re.compile(r"(?:^|(?<=[\s(`;&|]))pmpc(?=\s+[-a-z])")


@dataclass
class Step:
    """One command of a shell session, and the lines that the page shows as its output."""

    command: str
    shown: list[str] = field(default_factory=list)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return language and content of every fenced block."""
    return _FENCE.findall(text)


def session(text: str) -> list[Step]:
    """Return the commands (lines with ``$``) of all blocks marked ``console``, in order."""
    steps: list[Step] = []
    for language, content in blocks(text):
        for line in content.splitlines() if language == "console" else ():
            if line.startswith("$ "):
                steps.append(Step(line.removeprefix("$ ")))
            else:
                steps[-1].shown.append(line)
    return steps


def calls(text: str, *, markdown: bool = True) -> Iterator[list[str]]:
    """Yield the words of every call of pmpc in code: blocks and spans of a page, every line of a script."""
    code = [content for _, content in blocks(text)] + _SPAN.findall(text) if markdown else [text]
    for line in "\n".join(code).replace("\\\n", " ").splitlines():
        code_of_line = re.split(r"(?:^|\s)#\s", line)[0]
        for found in _CALL.finditer(code_of_line):
            yield _words(code_of_line[found.end() :])


def _words(rest: str) -> list[str]:
    """Return the words up to the end of the command."""
    lexer = shlex.shlex(rest, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set("();<>|&"):
                break
            words.append(word)
    except ValueError:  # a quote that closes on a later line, or around the whole
        pass
    return words


def links(text: str) -> list[str]:
    """Return the targets of every link outside of code."""
    prose = _FENCE.sub("", text)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(text: str) -> set[str]:
    """Return the anchors that headings get."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def first_column(text: str) -> list[str]:
    """Return the first cell of every table row, headings and rules left out."""
    cells = re.findall(r"^\| ?(.*?) ?\|", text, re.MULTILINE)
    return [cell for cell in cells if cell and not set(cell) <= set("-: ")]
