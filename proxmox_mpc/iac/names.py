"""Names that every tool takes, made from what an object is called on the cluster."""

from __future__ import annotations

import re
import unicodedata

_OTHERS = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ł": "l"})


def slug(text: str) -> str:
    """Return a name of small letters, digits and ``_``, a letter first."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    made = _OTHERS.sub("_", plain).strip("_")
    return made if made[:1].isalpha() else f"n_{made}".rstrip("_")
