"""Reading what a new guest is to be from a file, YAML or JSON, under Proxmox VE's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxmox_mpc.cli.commands.secret_input import text_from
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import UsageError

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context


def settings_file(context: Context, path: str, option: str = "--from") -> JsonObject:
    """Return the mapping that a file holds, ``-`` for stdin; raises UsageError naming the place of what is wrong.

    A file without a word is an error: it is what a pipe leaves whose first command failed.
    """
    from proxmox_mpc.workspace.yaml_text import BadYamlError, parse

    content = text_from(context, path, option)
    try:
        said = parse(content).data
    except BadYamlError as error:
        raise UsageError(f"{option}: {path}, line {error.mark.line}: {error.message}") from None
    if not said:
        raise UsageError(f"{option}: {'what came on stdin' if path == '-' else path} says nothing")
    return said


def as_setting(key: str, value: Json, option: str = "--from") -> str:
    """Return one setting as text: booleans as 1 and 0, a list of tags joined; raises UsageError for nested values."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list) and key == "tags" and all(isinstance(one, (str, int)) for one in value):
        return ";".join(str(one) for one in value)
    if isinstance(value, (str, int, float)):
        return str(value)
    raise UsageError(f"{option}: {key} must be a text or a number", hint="write property strings as PVE does")
