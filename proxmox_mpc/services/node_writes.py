"""Changing nodes: their power, their guests all at once, services, package lists and certificates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, integer, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect, Facts
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.object_writes import Check
from proxmox_mpc.services.reads import no_such_node, node_states, resources

ACTIONS = ("start", "stop", "restart", "reload")
# Without them the node leaves the cluster, or its API falls silent.
_VITAL = frozenset({"corosync", "pve-cluster", "pveproxy", "pvedaemon", "ssh", "sshd", "networking"})
_BOOT = 900.0
_OWN = "pveproxy-ssl.pem"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def service(source: Source, nodes: Sequence[str], name: str, action: str) -> Plan:
    """Plan to start, stop, restart or reload a service on nodes."""
    steps: list[Step] = []
    for node in nodes:
        _online(source, node)
        row = _service(source, node, name)
        running = text(row, "state") == "running"
        target = Target("service", name, None, node)
        if (action == "start" and running) or (action == "stop" and not running):
            steps.append(Keep(target, f"it is {'running' if running else 'stopped'} already"))
            continue
        path = api_path("nodes", node, "services", text(row, "service") or name)
        other: dict[str, str] = {"start": "stop", "stop": "start"}
        undo = Undo(why_not=f"there is no way back from a {action}")
        if action in other:
            back = Send(Call("POST", f"{path}/{other[action]}"), target, "service", f"{other[action]} {name} on {node}")
            undo = Undo((back,))
        cuts = name in _VITAL and action in ("stop", "restart")
        steps.append(
            Send(
                Call("POST", f"{path}/{action}"),
                target,
                "service",
                f"{action} {name} on {node}",
                Facts(touches_management=cuts),
                undo=undo,
            )
        )
        wanted = "dead" if action == "stop" else "running"
        steps.append(Probe(f"{name} on {node} is {wanted}", _state_is(node, name, wanted), target, 30.0))
    return Plan(action, tuple(steps), many=len(nodes) > 1)


def refresh_packages(source: Source, nodes: Sequence[str]) -> Plan:
    """Plan to read the package lists of nodes anew; nothing is installed."""
    steps: list[Step] = []
    for node in nodes:
        _online(source, node)
        undo = Undo(why_not="new package lists stay")
        path = api_path("nodes", node, "apt", "update")
        target = Target("node", node, node, node)
        steps.append(Send(Call("POST", path), target, "service", f"refresh the package lists of {node}", undo=undo))
    return Plan("refresh", tuple(steps), many=len(nodes) > 1)


def power(source: Source, node: str, command: str, *, wait: bool = True) -> Plan:
    """Plan to reboot a node or shut it down; its guests are shut down first, and named in the notes.

    Whatever would cost the cluster its quorum is critical.
    """
    states = _online(source, node)
    guests = [guest for guest in inventory(source).guests if guest.node == node and guest.status == "running"]
    notes = [f"{guest.label} runs there and is shut down" for guest in guests]
    managed = [guest.label for guest in guests if guest.row.get("hastate")]
    if managed:
        notes.append(f"high availability decides what becomes of {', '.join(managed)}")
    left = sum(1 for name, state in states.items() if state == "online" and name != node)
    alone = len(states) > 1 and left * 2 <= len(states)
    if alone:
        notes.append(f"only {left} of {len(states)} nodes are left without it: the cluster loses its quorum")
    target = Target("node", node, node, node)
    path = api_path("nodes", node, "status")
    before = as_object(source.read(path), "the node's state")
    undo = Undo(why_not="it boots" if command == "reboot" else f"wake it: pmpc node wake {node}, or switch it on")
    send = Send(
        Call("POST", path, {"command": command}),
        target,
        "node_power",
        f"{command} node {node}",
        Facts(touches_management=alone or len(states) == 1),
        undo=undo,
    )
    steps: list[Step] = [send]
    if wait and command == "reboot":
        boot = integer(before, "uptime") or 0
        steps.append(Probe(f"node {node} has booted", _booted(node, boot), target, _BOOT))
    elif wait:
        steps.append(Probe(f"node {node} is off", _node_is(node, "offline"), target, _BOOT))
    return Plan(command, tuple(steps), notes=tuple(notes))


def wake(source: Source, node: str, *, wait: bool = True) -> Plan:
    """Plan to wake a node by its network card; the node's own settings must name its MAC address."""
    states = node_states(resources(source))
    if node not in states:
        raise no_such_node(node)
    target = Target("node", node, node, node)
    if states[node] == "online":
        return Plan("wake", (Keep(target, "it is online already"),))
    undo = Undo(why_not=f"shut it down: pmpc node shutdown {node}")
    send = Send(
        Call("POST", api_path("nodes", node, "wakeonlan")), target, "node_power", f"wake node {node}", undo=undo
    )
    steps: list[Step] = [send]
    if wait:
        steps.append(Probe(f"node {node} is online", _node_is(node, "online"), target, _BOOT))
    return Plan("wake", tuple(steps))


def start_all(source: Source, node: str, *, force: bool = False) -> Plan:
    """Plan to start the guests of a node that start at boot; ``force``: those too that do not."""
    _online(source, node)
    form: dict[str, FormValue] = {"force": True} if force else {}
    guests = [g for g in inventory(source).guests if g.node == node and g.status == "stopped" and not g.template]
    notes = (f"{len(guests)} guests of {node} are stopped",)
    undo = Undo(why_not=f"pmpc node stop-all {node}")
    return Plan("start-all", (_bulk(node, "startall", form, "start", "start the guests of", undo),), notes=notes)


def stop_all(source: Source, node: str, *, timeout: int | None = None, force_stop: bool = True) -> Plan:
    """Plan to shut all guests of a node down; PVE stops hard what is not down after ``timeout`` seconds (180)."""
    _online(source, node)
    guests = [g for g in inventory(source).guests if g.node == node and g.status == "running"]
    target = Target("node", node, node, node)
    if not guests:
        return Plan("stop-all", (Keep(target, "no guest runs there"),))
    form: dict[str, FormValue] = {} if force_stop else {"force-stop": False}
    if timeout is not None:
        form["timeout"] = timeout
    notes = tuple(f"{guest.label} is shut down" for guest in guests)
    vms = ",".join(str(guest.vmid) for guest in guests)
    back = Send(
        Call("POST", api_path("nodes", node, "startall"), {"vms": vms, "force": True}),
        target,
        "start",
        f"start the guests of {node} again",
    )
    step = _bulk(node, "stopall", form, "node_power", "shut down the guests of", Undo((back,)))
    return Plan("stop-all", (step,), notes=notes)


def upload_certificate(
    source: Source, node: str, chain: str, key: Secret | None, *, replace: bool = False, restart: bool = True
) -> Plan:
    """Plan that a node's API presents another certificate; clients that pinned the old one must pin this one."""
    _online(source, node)
    found = _PEM.findall(chain)
    if not found or "PRIVATE KEY" in chain:
        raise UsageError("the certificate is no PEM chain alone", hint="-----BEGIN CERTIFICATE----- …, the key apart")
    if key is not None and "PRIVATE KEY-----" not in key.reveal():
        raise UsageError("the key is no PEM key", hint="-----BEGIN PRIVATE KEY----- …, not encrypted")
    there = _own_certificate(source, node)
    if there is not None and not replace:
        raise Conflict(f"node {node} has a certificate of its own already", hint="--replace puts another in its place")
    path = api_path("nodes", node, "certificates", "custom")
    target = Target("certificate", node, None, node)
    form: dict[str, FormValue] = {"certificates": chain, "key": key, "force": replace or None, "restart": restart}
    undo = Undo(
        (Send(Call("DELETE", path, {"restart": restart}), target, "network", "go back to PVE's own certificate"),)
    )
    if replace:
        undo = Undo(why_not="the key that was there before cannot be read")
    send = Send(
        Call("POST", path, form),
        target,
        "network",
        f"put a certificate on node {node}",
        before={_OWN: there},
        watch=_certificates_path(node),
        expects={_OWN: _fingerprint(found[0])},
        undo=undo,
    )
    return Plan(
        "upload", (send, Probe("the node presents it", _presents(node, custom=True), target, 60.0)), notes=_pins()
    )


def delete_certificate(source: Source, node: str, *, restart: bool = True) -> Plan:
    """Plan to go back to the certificate that the cluster gave a node."""
    _online(source, node)
    target = Target("certificate", node, None, node)
    there = _own_certificate(source, node)
    if there is None:
        return Plan("delete", (Keep(target, "it has none of its own"),))
    undo = Undo(why_not="the key that was there cannot be read")
    path = api_path("nodes", node, "certificates", "custom")
    send = Send(
        Call("DELETE", path, {"restart": restart}),
        target,
        "network",
        f"delete the certificate of node {node}",
        before={_OWN: there},
        watch=_certificates_path(node),
        expects={_OWN: None},
        undo=undo,
    )
    probe = Probe("the node presents the cluster's own", _presents(node, custom=False), target, 60.0)
    return Plan("delete", (send, probe), notes=_pins())


def _pins() -> tuple[str, ...]:
    return ("whoever pinned the old certificate by its fingerprint must pin the new one, pmpc's workspaces too",)


def _bulk(node: str, what: str, form: dict[str, FormValue], effect: Effect, says: str, undo: Undo) -> Send:
    target = Target("node", node, node, node)
    return Send(Call("POST", api_path("nodes", node, what), form), target, effect, f"{says} node {node}", undo=undo)


def _online(source: Source, node: str) -> dict[str, str]:
    states = node_states(resources(source))
    if node not in states:
        raise no_such_node(node)
    if states[node] == "offline":
        raise Conflict(f"node {node} is offline", hint=f"pmpc node wake {node}")
    return states


def _services(source: Source, node: str) -> list[JsonObject]:
    return as_rows(source.read(api_path("nodes", node, "services")), "the services")


def _service(source: Source, node: str, name: str) -> JsonObject:
    rows = _services(source, node)
    row = next((row for row in rows if name in (text(row, "service"), text(row, "name"))), None)
    if row is None:
        raise NotFound(f"node {node} has no service {name!r}", hint=f"pmpc node services {node}")
    return row


def _state_is(node: str, name: str, wanted: str) -> Check:
    def check(source: Source, _known: Known) -> str | None:
        try:
            state = text(_service(source, node, name), "state") or "unknown"
        except NotFound:
            raise
        except PmpcError as error:
            return error.message
        return None if (state == "running") == (wanted == "running") else f"it is {state}"

    return check


def _node_is(node: str, wanted: str) -> Check:
    def check(source: Source, _known: Known) -> str | None:
        try:
            state = node_states(resources(source)).get(node, "unknown")
        except PmpcError as error:
            return error.message
        return None if state == wanted else f"it is {state}"

    return check


def _booted(node: str, before: int) -> Check:
    def check(source: Source, _known: Known) -> str | None:
        try:
            now = integer(as_object(source.read(api_path("nodes", node, "status")), "the node's state"), "uptime")
        except PmpcError as error:
            return error.message
        return None if now is not None and now < before else "it has not gone down yet"

    return check


def _certificates_path(node: str) -> str:
    return api_path("nodes", node, "certificates", "info")


def _own_certificate(source: Source, node: str) -> str | None:
    """Return the fingerprint of the certificate that a node has of its own, None where it presents the cluster's."""
    rows = as_rows(source.read(_certificates_path(node)), "the certificates")
    return next((text(row, "fingerprint") for row in rows if text(row, "filename") == _OWN), None)


def _fingerprint(pem: str) -> str:
    """Return a certificate's SHA-256 as PVE writes it."""
    from base64 import b64decode
    from binascii import Error
    from hashlib import sha256

    try:
        body = b64decode("".join(pem.splitlines()[1:-1]), validate=True)
    except Error as error:
        raise UsageError("the certificate is no PEM", hint="what stands between its lines is no base64") from error
    return ":".join(f"{byte:02X}" for byte in sha256(body).digest())


def _presents(node: str, *, custom: bool) -> Check:
    def check(source: Source, _known: Known) -> str | None:
        try:
            found = _own_certificate(source, node) is not None
        except PmpcError as error:
            return error.message
        return None if found == custom else "not yet"

    return check
