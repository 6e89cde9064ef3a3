"""The API schema that the dev dependency fakepve carries: its facts only, read as data."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SchemaNode = dict[str, Any]


@cache
def schema() -> dict[str, dict[str, SchemaNode]]:
    """Return the methods of each path of the API: path template -> HTTP method -> description."""
    spec = find_spec("fakepve")
    assert spec is not None and spec.origin is not None, "the dev dependency fakepve is not installed"
    packed = Path(spec.origin).parent / "data" / "pve-api.json.gz"
    paths: dict[str, dict[str, SchemaNode]] = json.loads(gzip.decompress(packed.read_bytes()))["paths"]
    return paths
