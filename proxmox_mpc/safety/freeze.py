"""The emergency brake: a file beside the database that every process looks for before each send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.errors import Frozen


@dataclass(frozen=True, slots=True)
class Brake:
    """``file`` exists while writes are frozen; what it says is for people."""

    file: Path

    def held(self) -> JsonObject | None:
        """Return who froze writes, when and why; None while they may go."""
        try:
            content = self.file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            return {"reason": f"{self.file} cannot be read: {error.strerror}"}
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        # Somebody may have made the file by hand in a hurry: that it is there is what counts.
        return said if isinstance(said, dict) else {}

    def check(self) -> None:
        """Raise Frozen while writes are frozen."""
        said = self.held()
        if said is None:
            return
        who, why = text(said, "caller"), text(said, "reason")
        by = f" by {who} at {text(said, 'at')}" if who else ""
        raise Frozen(f"writes are frozen{by}{f': {why}' if why else ''}", details=dict(said))
