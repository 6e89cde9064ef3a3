"""What a write prints: one row a target, the same for every verb."""

from __future__ import annotations

from proxmox_mpc.domain.shape import Field, Shape, either, item

STATUSES = ("done", "unchanged", "planned", "running", "failed", "unknown", "skipped", "undone")

WRITE_FIELDS = (
    Field("action", "string", "what was done"),
    Field("kind", "string", "what it was done to: vm, ct, storage …"),
    Field("id", "any", "its id: a number for guests, else text"),
    Field("name", "string?", "its name"),
    Field("node", "string?", "the node it is on"),
    Field(
        "status",
        "string",
        "done, unchanged (it was so already), planned (--dry-run), running (not waited for), failed, unknown (the "
        "answer was lost and could not be looked up), skipped, undone",
        choices=STATUSES,
    ),
    Field("changed", "boolean?", "whether anything was changed; null where that is not known"),
    Field("upid", "string?", "the last task that it started", level="wide", title="UPID"),
    Field("duration", "number?", "how long it took", unit="seconds"),
    Field("error", "string?", "what went wrong"),
    Field("operation", "integer?", "its number in the journal: pmpc audit show NUMBER", level="wide"),
    Field(
        "calls",
        "rows?",
        "what would be sent (--dry-run)",
        level="data",
        fields=(
            Field("method", "string", "POST, PUT or DELETE"),
            Field("path", "string", "the API path"),
            Field("params", "object", "its parameters; *** stands for a secret, <…> for what is known only then"),
        ),
    ),
)


def write_shape(*, many: bool, extra: tuple[Field, ...] = ()) -> Shape:
    """Return the shape of a write; ``many``: argv decides whether it is one row or an array; ``extra`` keys after."""
    fields = (*WRITE_FIELDS, *extra)
    doc = "What was done: one object, or an array where the command line can name several targets."
    return either(*fields, doc=doc) if many else item(*fields, doc="What was done.")
