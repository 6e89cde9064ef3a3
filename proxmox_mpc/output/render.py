"""The one renderer: every command's result becomes a table, a page, JSON or YAML here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Shape
from proxmox_mpc.output.human import cell, visible
from proxmox_mpc.output.plain import to_json, to_yaml
from proxmox_mpc.output.result import Result
from proxmox_mpc.output.streams import Streams


class View(NamedTuple):
    """What the options ask of the output; ``line`` puts JSON on one line, for answers that follow one another."""

    format: str = "table"
    query: str | None = None
    columns: str | None = None
    filters: Sequence[str] = ()
    sort: Sequence[str] = ()
    header: bool = True
    wide: bool = False
    line: bool = False


def render(result: Result, shape: Shape, view: View, streams: Streams) -> None:
    """Write the result's data to stdout in the view's format; raises UsageError for options that do not fit it."""
    shape = shape.of(result.data)
    data, keys = _selected(result.data, shape, view)
    if view.query is not None:
        from proxmox_mpc.output.select import query

        data = query(view.query, data)
    if view.format == "json":
        streams.data(to_json(data, line=view.line))
    elif view.format == "yaml":
        streams.data(f"---\n{to_yaml(data)}" if view.line else to_yaml(data))
    elif view.query is not None:
        streams.data(_found(data, view, streams.width))
    elif result.page is not None:
        streams.data(result.page)
    else:
        streams.data(_for_people(data, shape, view, keys, streams))


def _selected(data: Json, shape: Shape, view: View) -> tuple[Json, list[str]]:
    if not shape.many or not isinstance(data, list) or not (view.filters or view.sort or view.columns):
        return data, []
    from proxmox_mpc.output import select

    rows: list[JsonObject] = [row for row in data if isinstance(row, dict)]
    rows = select.order(select.keep(rows, view.filters, shape), view.sort, shape)
    if view.columns is None:
        return list(rows), []
    keys = select.pick_columns(view.columns, rows, shape)
    return [{key: row.get(key) for key in keys} for row in rows], keys


def _for_people(data: Json, shape: Shape, view: View, keys: list[str], streams: Streams) -> str:
    from proxmox_mpc.output import tables

    width = streams.width
    if shape.kind == "text" and isinstance(data, str):
        return data
    if isinstance(data, list) and all(isinstance(row, dict) for row in data) and shape.kind in ("rows", "any"):
        rows = [row for row in data if isinstance(row, dict)]
        if not rows:
            streams.note("nothing found")
            return ""
        fields = tables.columns_of(shape, wide=view.wide, keys=keys, rows=rows)
        return tables.table(rows, fields, header=view.header, width=width)
    if isinstance(data, dict):
        return tables.page(data, shape, width=width, wide=view.wide)
    return _found(data, view, width)


def _found(data: Json, view: View, width: int | None) -> str:
    """Render what a query found, which has no declared shape: rows as a table, a list a line each, a value as it is."""
    from proxmox_mpc.output import tables

    free = Shape("rows", open=True)
    if isinstance(data, list):
        rows = [row for row in data if isinstance(row, dict)]
        if rows and len(rows) == len(data):
            return tables.table(rows, tables.columns_of(free, wide=True, rows=rows), header=view.header, width=width)
        return "\n".join(
            "\t".join(cell(None, part) for part in one) if isinstance(one, list) else _bare(one) for one in data
        )
    if isinstance(data, dict):
        return tables.page(data, Shape("item", open=True), width=width)
    return _bare(data)


def _bare(value: Json) -> str:
    if isinstance(value, str):
        return visible(value)
    return cell(None, value) if isinstance(value, (list, dict)) else to_json(value)
