"""What ``-vv`` may see of a request: never a header, never a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from proxmox_mpc.api.forms import pairs
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Param

_HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"passw|secret|ticket|token|csrf|otp|challenge|credential|private|sshkeys|keyring|input-data|key$|^value$",
    re.IGNORECASE,
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it: ``status`` None and ``error`` set where no answer came; ``size`` in bytes."""

    method: str
    url: str
    status: int | None
    ms: float
    size: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


Trace: TypeAlias = Callable[[Exchange], None]


def visible(path: str, params: Mapping[str, Param | Secret]) -> dict[str, str]:
    """Return parameters as a trace may show them: secrets hidden, repeated keys joined, long values cut."""
    # The content of a file written into a guest is the guest's own business.
    written_file = path.endswith("/agent/file-write")
    shown: dict[str, str] = {}
    for key, value in pairs(params):
        secret = isinstance(params[key], Secret) or _SECRET_KEY.search(key) or (written_file and key == "content")
        text = _HIDDEN if secret else value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        shown[key] = f"{shown[key]} {text}" if key in shown else text
    return shown
