"""Tables and pages for people; they fit a terminal, and are never cut where stdout is none."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, Shape
from proxmox_mpc.output.fit import fit
from proxmox_mpc.output.human import cell, visible

_NUMBERS = frozenset({"integer", "number"})
_RIGID = _NUMBERS | {"time", "boolean"}


def table(rows: Sequence[JsonObject], fields: Sequence[Field], *, header: bool, width: int | None) -> str:
    """Return the rows as aligned columns; ``width`` in characters, None for no limit."""
    from tabulate import tabulate

    if not rows and not header:
        return ""
    # The heading is a row of its own: tabulate widens a column by two blanks for a heading.
    lines = [[field.heading if header else "" for field in fields]]
    lines += [[cell(field, row.get(field.key)) for field in fields] for row in rows]
    align = ["right" if field.base in _NUMBERS else "left" for field in fields]
    if width is not None:
        lines = fit(lines, [field.base in _RIGID for field in fields], width)
        align = [*align[: len(lines[0])], "left"][: len(lines[0])]
    if not header:
        del lines[0]
    # disable_numparse: tabulate would print the name 1e3 as 1000.
    text: str = tabulate(lines, tablefmt="plain", colalign=align, disable_numparse=True, preserve_whitespace=True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def columns_of(shape: Shape, *, wide: bool, keys: Sequence[str] = (), rows: Sequence[JsonObject] = ()) -> list[Field]:
    """Return the fields that a table shows: the chosen keys, or those of the level; open rows show what they hold."""
    declared = {field.key: field for field in shape.fields}
    if keys:
        return [declared.get(key) or Field(key, "any", "") for key in keys]
    levels = ("table", "wide") if wide else ("table",)
    shown = [
        field
        for field in shape.fields
        if field.level in levels or (field.level == "filled" and any(row.get(field.key) is not None for row in rows))
    ]
    if shape.open or not shape.fields:
        extra = dict.fromkeys(key for row in rows for key in row if key not in declared)
        shown += [Field(key, "any", "") for key in extra]
    return shown


def page(data: JsonObject, shape: Shape, *, width: int | None, wide: bool = False) -> str:
    """Return one object as a page: a line a value, a titled table for each list of objects."""
    lines: list[str] = []
    blocks: list[str] = []
    fields = columns_of(shape, wide=True, rows=[data])
    pad = max((len(_label(field)) for field in fields if not _is_block(field, data.get(field.key))), default=0)
    for field in fields:
        value = data.get(field.key)
        if _is_block(field, value):
            blocks.extend(_block(field, value, width, wide))
        elif field.level != "data" or field.base == "any":
            lines.append(_line(field, value, pad))
    return "\n".join([*lines, *blocks])


def _label(field: Field) -> str:
    return field.title or field.key.replace("_", " ")


def _is_block(field: Field, value: Json) -> bool:
    return field.base in ("rows", "object") or (isinstance(value, list) and any(isinstance(one, dict) for one in value))


def _line(field: Field, value: Json, pad: int) -> str:
    head = f"{_label(field)}:".ljust(pad + 2)
    if isinstance(value, str) and "\n" in value.strip():
        return "\n".join([head.rstrip(), *(f"    {visible(line)}" for line in value.strip().splitlines())])
    return head + cell(field, value.strip() if isinstance(value, str) else value)


def _block(field: Field, value: Json, width: int | None, wide: bool) -> list[str]:
    title = _label(field).capitalize() if not field.title else field.title
    if value is None or value in ([], {}):
        return []
    inner = Shape("rows", field.fields, open=not field.fields)
    room = None if width is None else width - 2
    if isinstance(value, list):
        entries = [one for one in value if isinstance(one, dict)]
        text = table(entries, columns_of(inner, wide=wide, rows=entries), header=True, width=room)
    elif isinstance(value, dict):
        text = page(value, Shape("item", field.fields, open=not field.fields), width=room, wide=wide)
    else:
        text = cell(field, value)
    return ["", title, *(f"  {line}" for line in text.splitlines())]
