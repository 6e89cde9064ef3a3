"""Second factors are added, used and removed by people with a ticket."""

from __future__ import annotations

import json
from typing import Any

from proxmox_mpc.simulator import auth
from proxmox_mpc.simulator.worlds.homelab.access import PASSWORD
from tests.simulator.conftest import Session

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PATH = "/access/tfa/bob@pve"


def login(lab: Session, user: str) -> dict[str, str]:
    body = lab.send("POST", "/access/ticket", {"username": user, "password": PASSWORD}, {}).body
    data: dict[str, Any] = json.loads(body)["data"]
    return {"cookie": f"PVEAuthCookie={data['ticket']}", "csrfpreventiontoken": data["CSRFPreventionToken"]}


def test_a_user_adds_uses_and_removes_his_own(lab: Session) -> None:
    me = login(lab, "bob@pve")
    uri = f"otpauth://totp/lab:bob@pve?secret={SECRET}&issuer=lab"
    wanted = {"type": "totp", "totp": uri, "value": "000000", "password": PASSWORD}
    assert lab.send("POST", PATH, wanted, me).status == 500
    right = {**wanted, "value": auth.totp(SECRET, lab.clock.now())}
    assert lab.send("POST", PATH, {**right, "password": "not mine"}, me).status == 403
    name = json.loads(lab.send("POST", PATH, right, me).body)["data"]["id"]
    asked = json.loads(lab.send("POST", "/access/ticket", {"username": "bob@pve", "password": PASSWORD}, {}).body)
    assert asked["data"]["NeedTFA"] == 1
    assert lab.send("PUT", f"{PATH}/{name}", {"description": "phone", "password": PASSWORD}, me).status == 200
    assert lab.send("DELETE", f"{PATH}/{name}", {"password": PASSWORD}, me).status == 200
    assert lab.send("DELETE", f"{PATH}/{name}", {"password": PASSWORD}, me).status == 404


def test_recovery_keys_are_shown_once(lab: Session) -> None:
    me = login(lab, "bob@pve")
    answer = json.loads(lab.send("POST", PATH, {"type": "recovery", "password": PASSWORD}, me).body)["data"]
    assert len(set(answer["recovery"])) == 10
    assert lab.send("POST", PATH, {"type": "recovery", "password": PASSWORD}, me).status == 500
    assert answer["recovery"][0] not in json.dumps(lab.data("GET", PATH))
