"""A guest's page and a snapshot tree as people read them; the data behind is the same as in JSON."""

from __future__ import annotations

from collections.abc import Iterator

from proxmox_mpc.domain.json import Json, JsonObject, number, text
from proxmox_mpc.domain.moments import Now, epoch
from proxmox_mpc.domain.shape import Field, Shape
from proxmox_mpc.output.human import byte_size, cell, moment, span, visible
from proxmox_mpc.output.tables import page, table
from proxmox_mpc.services.guest_page_shape import GUEST_PAGE
from proxmox_mpc.services.snapshots import SNAPSHOT_FIELDS, depths

# Tables below the summary: the key in the data, and the heading.
_TABLES = (
    ("disks", "Disks"),
    ("nics", "Network"),
    ("addresses", "Addresses"),
    ("pending", "Waiting for a restart"),
    ("replication", "Replication"),
)
Line = tuple[str, str | None]


def guest_page(data: JsonObject, *, width: int | None, now: Now) -> str:
    """Return the page of a guest: a summary, then a table for each list; what is not set takes no line."""
    summary: JsonObject = {name: value for name, value in _summary(data, now()) if value}
    shown = [Field(name, "string", "", title=name) for name in summary]
    fields = {field.key: field for field in GUEST_PAGE.fields}
    for key, title in _TABLES:
        found = data[key]
        if isinstance(found, list) and found:
            rows = [row for row in found if isinstance(row, dict) and row.get("scope") != "host"]
            summary[title] = [*rows]
            shown.append(fields[key]._replace(key=title, title=title, fields=_columns(fields[key].fields, rows)))
    for title, block in (("Cloud-init", _cloud_init(data["cloud_init"])), ("Further settings", data["settings"])):
        if isinstance(block, dict) and block:
            summary[title] = block
            shown.append(Field(title, "object", "", title=title))
    text_ = page(summary, Shape("item", tuple(shown)), width=width, wide=True)
    notes = data["notes"]
    if isinstance(notes, list) and notes:
        text_ += "\n" + "\n".join(["", "Notes", *(f"  {visible(str(note))}" for note in notes)])
    return text_


def _columns(fields: tuple[Field, ...], rows: list[JsonObject]) -> tuple[Field, ...]:
    """Leave out columns in which no row has anything, such as the mount points of a VM's disks."""
    empty: tuple[Json, ...] = (None, [], "")
    # A plain "no" in every row of a lesser column says nothing either.
    return tuple(
        field
        for field in fields
        if any(row.get(field.key) not in ((*empty, False) if field.level == "wide" else empty) for row in rows)
    )


def _summary(data: JsonObject, now: float) -> Iterator[Line]:
    kind = "VM" if data["type"] == "vm" else "CT"
    uptime = number(data, "uptime")
    since = f", up {span(uptime)}" if uptime and data["status"] not in ("stopped", "unknown") else ""
    yield kind, f"{data['vmid']} {text(data, 'name') or ''}".strip()
    yield "status", f"{data['status']} on {data['node']}{since}"
    yield "last seen", _moment(data["stale_since"])
    yield "lock", text(data, "lock")
    yield "template", "yes" if data["template"] else None
    yield "protection", "on: it cannot be removed" if data["protection"] else None
    yield "tags", cell(None, data["tags"]) if data["tags"] else None
    yield "pool", text(data, "pool")
    yield "description", text(data, "description")
    yield "OS", _container_os(data) if kind == "CT" else text(data, "os")
    yield "CPU", _cpu(_object(data["cpu"]))
    yield "memory", _memory(_object(data["memory"]))
    yield "machine", _machine(data)
    yield "boot order", cell(None, data["boot_order"]) if data["boot_order"] else None
    yield "start", _startup(_object(data["startup"]))
    yield "guest agent", _agent(_object(data["agent"]))
    yield "HA", _ha(_object(data["ha"]))
    yield "traffic", _traffic(data)
    yield "snapshots", _snapshots(data["snapshots"], now)
    yield "last backup", _backup(data["backups"], now)
    yield "created", _moment(data["created"])
    yield "UUID", text(data, "uuid")


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _moment(value: Json) -> str | None:
    return moment(value) if isinstance(value, str) else None


def _ago(value: Json, now: float) -> str:
    return f"{span(max(0, now - epoch(value)))} ago" if isinstance(value, str) else "at an unknown time"


def _joined(parts: Iterator[str]) -> str:
    return ", ".join(part for part in parts if part)


def _container_os(data: JsonObject) -> str:
    level = "unprivileged" if data["unprivileged"] else "privileged"
    features = f", features: {cell(None, data['features'])}" if data["features"] else ""
    return _joined(iter([text(data, "os") or "unknown", level, text(data, "arch") or ""])) + features


def _cpu(cpu: JsonObject) -> str:
    def parts() -> Iterator[str]:
        total = cpu["total"]
        yield "all of the node's" if total is None else f"{total} cores" if total != 1 else "1 core"
        if cpu["sockets"] not in (None, 1):
            yield f"{cpu['sockets']} sockets of {cpu['cores']}"
        yield visible(text(cpu, "type") or "")
        yield visible(" ".join(str(flag) for flag in cpu["flags"])) if isinstance(cpu["flags"], list) else ""
        if cpu["limit"] is not None:
            yield f"at most {cell(None, cpu['limit'])}"
        if cpu["units"] is not None:
            yield f"weight {cpu['units']}"
        if cpu["affinity"] is not None:
            yield f"on CPUs {visible(str(cpu['affinity']))}"
        if cpu["numa"]:
            yield "NUMA"
        if used := number(cpu, "used"):
            yield f"{used * 100:.1f} % in use"

    return _joined(parts())


def _memory(memory: JsonObject) -> str:
    def parts() -> Iterator[str]:
        maximum = number(memory, "maximum") or 0
        yield byte_size(maximum)
        if memory["ballooning"] is False:
            yield "no ballooning"
        elif (least := number(memory, "minimum")) is not None and least < maximum:
            yield f"down to {byte_size(least)} by ballooning"
        if (swap := number(memory, "swap")) is not None:
            yield f"swap {byte_size(swap)}"
        if memory["hugepages"]:
            yield f"huge pages {memory['hugepages']}"
        if used := number(memory, "used"):
            share = f" ({used / maximum * 100:.0f} %)" if maximum else ""
            yield f"{byte_size(used)} in use{share}"

    return _joined(parts())


def _machine(data: JsonObject) -> str | None:
    if data["type"] == "ct":
        return None
    bios = {"seabios": "BIOS (SeaBIOS)", "ovmf": "UEFI (OVMF)"}.get(str(data["bios"]), str(data["bios"]))
    controller = f"SCSI {data['scsi_controller']}"
    return visible(
        _joined(iter([text(data, "machine") or "default machine", bios, controller, text(data, "arch") or ""]))
    )


def _startup(startup: JsonObject) -> str:
    def parts() -> Iterator[str]:
        yield "with its node" if startup["onboot"] else "by hand"
        if startup["order"] is not None:
            yield f"order {startup['order']}"
        if (up := number(startup, "up_delay")) is not None:
            yield f"then wait {span(up)}"
        if (down := number(startup, "down_delay")) is not None:
            yield f"{span(down)} to shut down"

    return _joined(parts())


def _agent(agent: JsonObject) -> str | None:
    if not agent:
        return None
    state = "" if agent["answers"] is None else ", answers" if agent["answers"] else ", does not answer"
    options = f" ({cell(None, agent['options'])})" if agent["options"] else ""
    return f"on{options}{state}" if agent["enabled"] else "off"


def _ha(ha: JsonObject) -> str | None:
    if not ha["managed"]:
        return None
    group = f", group {ha['group']}" if ha["group"] else ""
    return f"{visible(str(ha['state'] or 'managed'))}{group}"


def _traffic(data: JsonObject) -> str | None:
    amounts = [number(data, key) for key in ("network_in", "network_out", "disk_read", "disk_written")]
    if not any(amounts):
        return None
    received, sent, read, written = (byte_size(amount or 0) for amount in amounts)
    return f"network {received} in, {sent} out; disk {read} read, {written} written"


def _snapshots(value: Json, now: float) -> str | None:
    if not isinstance(value, dict):
        return None
    if not value["count"]:
        return "none"
    newest = f"newest {visible(str(value['newest']))}, {_ago(value['newest_created'], now)}"
    return f"{value['count']}: {newest}"


def _backup(value: Json, now: float) -> str | None:
    if not isinstance(value, dict):
        return None
    last = value["last"]
    where = f" on {cell(None, value['storages'])}" if value["storages"] else ""
    if not isinstance(last, dict):
        return f"none{where}" if value["complete"] else "unknown (see Notes)"
    size = f", {byte_size(size)}" if (size := number(last, "size")) is not None else ""
    others = f"; {value['count']} in all{where}" if value["count"] != 1 else ""
    marks = ", protected" if last["protected"] else ""
    return f"{_ago(last['created'], now)}{size}{marks}: {visible(str(last['volid']))}{others}"


def _cloud_init(value: Json) -> JsonObject:
    found = _object(value)
    shown: JsonObject = {}
    for key, content in found.items():
        if key == "addresses":
            rows = [row for row in content if isinstance(row, dict)] if isinstance(content, list) else []
            for row in rows:
                shown[str(row["nic"])] = _joined(
                    f"{label} {row[part]}"
                    for part, label in (("ip", "ip"), ("gateway", "gateway"), ("ip6", "ip6"), ("gateway6", "gateway6"))
                    if row[part]
                )
        elif content not in (None, []):
            shown[key.replace("_", " ")] = content
    return shown


def snapshot_tree(rows: list[JsonObject], *, width: int | None, wide: bool, header: bool) -> str:
    """Return one guest's snapshots as a tree: children indented below their parent, the present state marked."""
    shown: list[JsonObject] = []
    for depth, row in zip(depths(rows), rows, strict=True):
        shown.append({**row, "name": f"{_indent(depth)}{row['name']}"})
        if row["active"]:
            here: JsonObject = {"name": f"{_indent(depth + 1)}(now)", "description": "the present state"}
            shown.append({field.key: here.get(field.key) for field in SNAPSHOT_FIELDS})
    keys = ("name", "created", "age", "memory", "description") + (("node",) if wide else ())
    fields = {field.key: field for field in SNAPSHOT_FIELDS}
    first = rows[0]
    title = f"{str(first['type']).upper()} {first['vmid']} {visible(str(first['guest'] or ''))}".rstrip()
    body = table(shown, [fields[key] for key in keys], header=header, width=width)
    return f"{title}\n{body}" if header else body


def _indent(depth: int) -> str:
    return "" if depth == 0 else "  " * (depth - 1) + "└ "
