"""Where the user's own files live, by the XDG base directory rules, on Linux and macOS alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_home(environ: Mapping[str, str], home: Path) -> Path:
    """Return pmpc's directory for the user's configuration."""
    return _base(environ, "XDG_CONFIG_HOME", home / ".config")


def state_home(environ: Mapping[str, str], home: Path) -> Path:
    """Return pmpc's directory for what it keeps between runs outside of workspaces."""
    return _base(environ, "XDG_STATE_HOME", home / ".local" / "state")


def cache_home(environ: Mapping[str, str], home: Path) -> Path:
    """Return pmpc's directory for what can be made again."""
    return _base(environ, "XDG_CACHE_HOME", home / ".cache")


def _base(environ: Mapping[str, str], variable: str, fallback: Path) -> Path:
    # The XDG specification says that a relative path is to be ignored.
    named = environ.get(variable, "")
    return (Path(named) if named.startswith("/") else fallback) / "pmpc"
