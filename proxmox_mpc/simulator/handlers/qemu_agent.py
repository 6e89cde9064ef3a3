"""The guest agent inside a VM."""

from __future__ import annotations

from base64 import b64decode

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.work.power import halt
from proxmox_mpc.simulator.world import Guest

routes = Routes()
AGENT = "/nodes/{node}/qemu/{vmid}/agent"
READS = (
    "get-fsinfo", "get-host-name", "get-memory-block-info", "get-memory-blocks", "get-osinfo", "get-time",
    "get-timezone", "get-users", "get-vcpus", "info", "network-get-interfaces",
)  # fmt: skip

routes.index(
    AGENT, *READS, "exec", "exec-status", "file-read", "file-write", "fsfreeze-freeze", "fsfreeze-status",
    "fsfreeze-thaw", "fstrim", "ping", "set-user-password", "shutdown", "suspend-disk", "suspend-hybrid",
    "suspend-ram", key="name",
)  # fmt: skip


def reachable(call: Call) -> tuple[Guest, dict[str, Json]]:
    """Return the VM and its agent's answers; raises in PVE's order: configured, running, answering."""
    guest = call.guest("qemu")
    if not enabled(guest):
        raise failed("No QEMU guest agent configured")
    if not guest.running:
        raise failed(f"VM {guest.vmid} is not running")
    if guest.agent is None or guest.paused:
        raise failed("QEMU guest agent is not running")
    return guest, guest.agent


def enabled(guest: Guest) -> bool:
    """Return whether the configuration says that an agent is there."""
    return parse_property_string("qemu-agent", str(guest.config.get("agent", "0"))).get("enabled") == "1"


def _read(command: str) -> Handler:
    def read(call: Call) -> Json:
        _, answers = reachable(call)
        if command == "get-time":
            return {"result": int(call.clock.now() * 1e9)}
        if command not in answers:
            raise failed(f"Agent error: The command {command} has not been found")
        return {"result": answers[command]}

    return read


for _command in READS:
    routes.get(f"{AGENT}/{_command}")(_read(_command))


@routes.post(AGENT)
def command(call: Call) -> Json:
    """Run one of the agent's commands by its name."""
    name = call.text("command")
    if name in READS:
        return _read(name)(call)  # type: ignore[return-value]
    return _act(name)(call)  # type: ignore[return-value]


_STATE = "simulated"
"""The member of the agent's answers that keeps what was done to the guest: files, runs, frozen."""


def _state(answers: dict[str, Json]) -> dict[str, Json]:
    kept = answers.setdefault(_STATE, {})
    return kept if isinstance(kept, dict) else {}


def _act(name: str) -> Handler:
    def act(call: Call) -> Json:
        guest, answers = reachable(call)
        state = _state(answers)
        match name:
            case "fsfreeze-freeze":
                state["frozen"] = True
                return {"result": 1}
            case "fsfreeze-thaw":
                return {"result": int(bool(state.pop("frozen", False)))}
            case "fsfreeze-status":
                return {"result": "frozen" if state.get("frozen") else "thawed"}
            case "fstrim":
                return {"result": {"paths": []}}
            case "shutdown":
                halt(call.world, guest)
            case "suspend-disk" | "suspend-hybrid" | "suspend-ram":
                guest.paused = True
        return {"result": {}}

    return act


for _command in (
    "fsfreeze-freeze", "fsfreeze-status", "fsfreeze-thaw", "fstrim", "ping", "shutdown", "suspend-disk",
    "suspend-hybrid", "suspend-ram", "set-user-password",
):  # fmt: skip
    routes.post(f"{AGENT}/{_command}")(_act(_command))


@routes.post(f"{AGENT}/exec")
def execute(call: Call) -> Json:
    """Start a program in the guest; ``exec-status`` tells how it ended."""
    _, answers = reachable(call)
    runs = _state(answers).setdefault("runs", {})
    pid = 1000 + len(runs) if isinstance(runs, dict) else 1000
    if isinstance(runs, dict):
        runs[str(pid)] = _run(call.texts("command"), call.text("input-data"), answers)
    return {"pid": pid}


def _run(words: list[str], given: str, answers: dict[str, Json]) -> dict[str, Json]:
    """Return how a program ends: a handful are known, others end well and say nothing."""
    host = answers.get("get-host-name")
    name = str(host.get("host-name", "")) if isinstance(host, dict) else ""
    files = _state(answers).get("files")
    said, status = "", 0
    match words:
        case ["hostname", *_]:
            said = f"{name}\n"
        case ["echo", *rest]:
            said = " ".join(rest) + "\n"
        case ["cat"]:
            said = given
        case ["cat", path] if isinstance(files, dict) and path in files:
            said = str(files[path])
        case ["cat", path]:
            return {"exited": 1, "exitcode": 1, "err-data": f"cat: {path}: No such file or directory\n"}
        case ["false", *_]:
            status = 1
    ended: dict[str, Json] = {"exited": 1, "exitcode": status}
    return ended | ({"out-data": said} if said else {})


@routes.get(f"{AGENT}/exec-status")
def execution(call: Call) -> Json:
    """Return how a program in the guest ended."""
    _, answers = reachable(call)
    runs = _state(answers).get("runs")
    pid = call.text("pid")
    if not isinstance(runs, dict) or pid not in runs:
        raise failed("Agent error: PID " + pid + " does not exist")
    return runs[pid]


@routes.post(f"{AGENT}/file-write")
def write_file(call: Call) -> Json:
    """Write a file in the guest."""
    _, answers = reachable(call)
    files = _state(answers).setdefault("files", {})
    text = call.text("content")
    if isinstance(files, dict):
        files[call.text("file")] = text if call.flag("encode", default=True) else _decoded(text)
    return None


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError as error:
        raise failed("Agent error: failed to decode base64 string") from error


@routes.get(f"{AGENT}/file-read")
def read_file(call: Call) -> Json:
    """Read a file in the guest."""
    _, answers = reachable(call)
    files, path = _state(answers).get("files"), call.text("file")
    if not isinstance(files, dict) or path not in files:
        raise failed(f"can't open '{path}': Agent error: failed to open file '{path}': No such file or directory")
    return {"content": files[path], "bytes-read": len(str(files[path]).encode())}
