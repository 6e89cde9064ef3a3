"""Logging in as PVE has it: tokens, tickets with CSRF tokens, renewal, second factors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from proxmox_mpc.simulator.auth import TICKET_LIFETIME, totp
from proxmox_mpc.simulator.http import Response
from tests.simulator.conftest import Session


def _login(session: Session, **params: str) -> Response:
    named = {name.replace("__", "-"): value for name, value in params.items()}
    return session.send("POST", "/access/ticket", named, headers={})


def _with(ticket: dict[str, Any], csrf: bool = True) -> dict[str, str]:
    headers = {"cookie": f"PVEAuthCookie={quote(ticket['ticket'], safe='')}"}
    return headers | ({"csrfpreventiontoken": ticket["CSRFPreventionToken"]} if csrf else {})


@pytest.fixture
def ticket(lab: Session) -> dict[str, Any]:
    """A ticket of root@pam."""
    password = lab.sim.world.users["root@pam"].password
    answer = _login(lab, username="root@pam", password=str(password))
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)["data"]
    return found


def test_a_ticket_reads_and_writes(lab: Session, ticket: dict[str, Any]) -> None:
    assert ticket["username"] == "root@pam"
    assert ticket["clustername"] == lab.sim.world.cluster
    assert "VM.Audit" in ticket["cap"]["vms"]
    assert lab.send("GET", "/nodes", headers=_with(ticket, csrf=False)).status == 200
    refused = lab.send("POST", "/pools", {"poolid": "x1"}, headers=_with(ticket, csrf=False))
    assert (refused.status, refused.reason, refused.body) == (401, "Permission denied - invalid csrf token", b"")
    assert lab.send("POST", "/pools", {"poolid": "x1"}, headers=_with(ticket)).status == 200


def test_a_ticket_lasts_two_hours_and_renews_itself(lab: Session, ticket: dict[str, Any]) -> None:
    lab.clock.advance(TICKET_LIFETIME - 60)
    renewed = json.loads(_login(lab, username="root@pam", password=ticket["ticket"]).body)["data"]
    lab.clock.advance(3600)
    old = lab.send("GET", "/nodes", headers=_with(ticket))
    assert (old.status, old.reason) == (401, "permission denied - invalid PVE ticket")
    assert lab.send("GET", "/nodes", headers=_with(renewed)).status == 200


def test_a_forged_ticket_is_refused(lab: Session, ticket: dict[str, Any]) -> None:
    forged = {**ticket, "ticket": ticket["ticket"].replace("root@pam", "bob@pve")}
    assert lab.send("GET", "/nodes", headers=_with(forged)).status == 401


def test_a_wrong_password_says_so_in_json(lab: Session) -> None:
    before = lab.clock.now()
    answer = _login(lab, username="root@pam", password="wrong")
    assert (answer.status, answer.reason) == (401, "authentication failure")
    assert json.loads(answer.body)["message"] == "authentication failure\n"
    assert lab.clock.now() - before == pytest.approx(3.0)


def test_a_second_factor_is_asked_for(lab: Session) -> None:
    user = next(user for user in lab.sim.world.users.values() if any(e["type"] == "totp" for e in user.tfa))
    first = json.loads(_login(lab, username=user.userid, password=str(user.password)).body)["data"]
    assert first["NeedTFA"] == 1
    assert first["ticket"].startswith("PVE:!tfa!")
    assert "cap" not in first
    assert lab.send("GET", "/nodes", headers=_with(first)).status == 401
    secret = next(str(entry["secret"]) for entry in user.tfa if entry["type"] == "totp")
    code = totp(secret, lab.clock.now())
    wrong = _login(lab, username=user.userid, password="totp:000000", tfa__challenge=first["ticket"])
    assert wrong.status == 401
    code = totp(secret, lab.clock.now())
    second = _login(lab, username=user.userid, password=f"totp:{code}", tfa__challenge=first["ticket"])
    assert second.status == 200
    assert lab.send("GET", "/nodes", headers=_with(json.loads(second.body)["data"])).status == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("PVEAPIToken={id}={secret}", 200),
        ("PVEAPIToken {id}={secret}", 200),
        ("PVEAPIToken={id}=wrong", 401),
        ("PVEAPIToken=nobody@pve!x1={secret}", 401),
        ("Bearer {secret}", 401),
    ],
)
def test_tokens(lab: Session, header: str, status: int) -> None:
    token_id, secret = lab.sim.world.door_token
    sent = {"authorization": header.format(id=token_id, secret=secret)}
    answer = lab.send("GET", "/nodes", headers=sent)
    assert answer.status == status
    assert (answer.body == b"") == (status == 401)


def test_a_disabled_user_is_out(lab: Session) -> None:
    lab.data("POST", "/access/users", userid="new@pve", password="secret-password")
    made = lab.data("POST", "/access/users/new@pve/token/ci", privsep=0)
    headers = {"authorization": f"PVEAPIToken={made['full-tokenid']}={made['value']}"}
    assert lab.send("GET", "/nodes", headers=headers).status == 200
    lab.data("PUT", "/access/users/new@pve", enable=0)
    assert lab.send("GET", "/nodes", headers=headers).status == 401


def test_some_calls_need_a_ticket(lab: Session) -> None:
    status, message, _ = lab.refused("PUT", "/access/password", userid="root@pam", password="secret1234")
    assert status == 403
    assert message.startswith("Permission check failed (URI '/access/password' not available with API token")


def test_domains_are_open(lab: Session) -> None:
    assert lab.send("GET", "/access/domains", headers={}).status == 200
    assert lab.send("GET", "/access/users", headers={}).reason == "No ticket"
