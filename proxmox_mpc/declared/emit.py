"""Texts as YAML scalars: plain where every reader takes them for the text that they are, else quoted or a block.

YAML 1.1 readers take ``yes``, ``12:30`` and ``010`` for something else than YAML 1.2 ones, so those are quoted too.
"""

from __future__ import annotations

import json
import re
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["", "'", '"', "|"]

# What no reader may find in a file as it is: controls, line breaks of other systems, the byte order mark, surrogates.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_PLAIN = re.compile(r"[A-Za-z0-9_/+.$\u00a1-\uffdc\U00010000-\U0010ffff].*", re.DOTALL)
_MISREAD = re.compile(
    r"""(?: y|n|yes|no|on|off|true|false|null
    | [-+]?0[bo]?[0-9_]+ | [-+]?0x[0-9a-f_]+ | [-+]?[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?
    | [-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:e[-+]?[0-9]+)? | [-+]?\.(?:inf|nan)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.* | \.\.\..* )""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]*[1-9])?")


def scalar(text: str, style: Style = "", indent: int = 0, newline: str = "\n") -> str:
    """Return a text as the value of a key in a mapping at column ``indent``; ``style`` is kept where it can be."""
    if "\n" in text and style != '"' and _fits_block(text):
        return _block(text, indent, newline)
    bad = UNPRINTABLE.search(text)
    if bad is None and style == "'":
        return "'" + text.replace("'", "''") + "'"
    if bad is None and style != '"' and is_plain(text):
        return text
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def is_plain(text: str) -> bool:
    """Whether a printable text can stand unquoted and means itself to every reader."""
    if _NUMBER.fullmatch(text):
        return True
    return (
        _PLAIN.match(text) is not None
        and ": " not in text
        and " #" not in text
        and not text.endswith((":", " "))
        and _MISREAD.fullmatch(text) is None
    )


def _fits_block(text: str) -> bool:
    """Whether a literal block shows the text as it is: no blanks at ends of lines, no line breaks to keep or count."""
    body = text.removesuffix("\n")
    if not body or body.startswith((" ", "\n")) or body.endswith("\n") or UNPRINTABLE.search(body.replace("\n", "")):
        return False
    return not any(line != line.rstrip() for line in body.split("\n"))


def _block(text: str, indent: int, newline: str) -> str:
    head = "|" if text.endswith("\n") else "|-"
    lines = (f"{' ' * (indent + 2)}{line}" if line else "" for line in text.removesuffix("\n").split("\n"))
    return newline.join((head, *lines))
