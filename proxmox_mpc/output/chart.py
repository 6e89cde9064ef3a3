"""Numbers over time as lines of text: sparklines, and a summary with one line a series."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, Shape
from proxmox_mpc.output.human import cell, moment, span
from proxmox_mpc.output.tables import table

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.:-=+*#"
_GAP = " "
_CHART = 40
_NARROWEST = 10
_TEXTS = ("NOW", "MIN", "MEAN", "MAX")


def sparkline(values: Sequence[float | None], width: int, *, high: float | None = None, marks: str = BLOCKS) -> str:
    """Return one line of at most ``width`` characters, from zero to ``high`` (or the highest value); gaps stay blank.

    Where there are more values than characters, a character shows the mean of its share.
    """
    shares = _shares(values, width)
    top = max([value for value in shares if value is not None], default=0.0)
    top = max(top, high or 0.0)
    steps = len(marks) - 1
    return "".join(
        _GAP if value is None else marks[0 if top <= 0 else round(min(steps, max(0.0, value / top * steps)))]
        for value in shares
    )


def _shares(values: Sequence[float | None], width: int) -> list[float | None]:
    if len(values) <= width:
        return list(values)
    return [_mean(values[at * len(values) // width : (at + 1) * len(values) // width]) for at in range(width)]


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None


def summary(
    rows: Sequence[JsonObject], shape: Shape, *, width: int | None, wide: bool = False, plain: bool = False
) -> str:
    """Return a line for each numeric field of the shape: last, least, mean and greatest value, and its course.

    ``rows`` are in the order of time with ``time`` as ISO text. A field ``X_used`` is drawn against ``X`` where rows
    have it, others against their own highest value. ``plain`` for terminals that lack block characters.
    """
    shown = [
        field
        for field in shape.fields
        if field.base in ("number", "integer") and (field.level == "table" or (wide and field.level == "wide"))
    ]
    series = {field.key: [_value(row, field.key) for row in rows] for field in shown}
    kept = [field for field in shown if any(value is not None for value in series[field.key])]
    lines = [_line(field, series[field.key]) for field in kept]
    fields = [Field("metric", "string", ""), *(Field(text.lower(), "string", "") for text in _TEXTS)]
    head = table(lines, fields, header=True, width=width).splitlines() if lines else []
    used = max((len(line) for line in head), default=0)
    chart = _CHART if width is None else max(_NARROWEST, min(2 * _CHART, width - used - 2))
    marks = ASCII if plain else BLOCKS
    drawn = ["", *(_drawn(field, series[field.key], rows, chart, marks) for field in kept)]
    body = [f"{text.ljust(used)}  {course}".rstrip() for text, course in zip(head, drawn, strict=False)]
    return "\n".join([_period(rows), *body])


def _value(row: JsonObject, key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _line(field: Field, values: Sequence[float | None]) -> JsonObject:
    present = [value for value in values if value is not None]
    texts = (present[-1], min(present), sum(present) / len(present), max(present))
    numbers = {name.lower(): cell(field, value) for name, value in zip(_TEXTS, texts, strict=True)}
    return {"metric": field.title or field.key.replace("_", " "), **numbers}


def _drawn(field: Field, values: Sequence[float | None], rows: Sequence[JsonObject], width: int, marks: str) -> str:
    limit = field.key.removesuffix("_used")
    of = [value for row in rows if limit != field.key and (value := _value(row, limit)) is not None]
    return sparkline(values, width, high=max(of, default=None), marks=marks)


def _period(rows: Sequence[JsonObject]) -> str:
    times = [str(row["time"]) for row in rows if row.get("time")]
    if not times:
        return "nothing was recorded"
    if len(times) == 1:
        return moment(times[0])
    from proxmox_mpc.domain.moments import epoch

    step = (epoch(times[-1]) - epoch(times[0])) / (len(times) - 1)
    return f"{moment(times[0])} to {moment(times[-1])}, every {span(step)}"
