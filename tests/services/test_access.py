"""Access: users, tokens, grants; what has ended, what is switched off, and that no secret comes through."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NotFound, PermissionDenied, UsageError
from proxmox_mpc.services import access, acl
from tests.services.answers import Answers

NOW = 1_800_000_000.0
USERS: list[Json] = [
    {"userid": "zoe@pve", "enable": "1", "expire": 0, "groups": "ops,admins", "firstname": "Zoë", "email": "",
     "keys": "x!hunter2",
     "tokens": [{"tokenid": "ci", "privsep": 1, "expire": 1_900_000_000, "comment": "CI"},
                {"tokenid": "old", "privsep": "0", "expire": 1_700_000_000}]},
    {"userid": "former@pve", "enable": 0, "tokens": [{"tokenid": "left"}]},
    {"userid": "guest@pve", "expire": 1_700_000_000, "totp-locked": 1, "tfa-locked-until": 1_800_000_100},
    {"userid": "root@pam"},
]  # fmt: skip
ACL: list[Json] = [
    {"path": "/vms/100", "type": "token", "ugid": "zoe@pve!ci", "roleid": "PVEVMUser", "propagate": 0},
    {"path": "/", "type": "group", "ugid": "admins", "roleid": "Administrator"},
    {"path": "/vms", "type": "user", "ugid": "zoe@pve", "roleid": "PVEAuditor", "propagate": 0},
    {"path": "/vms/1001", "type": "user", "ugid": "bob@pve", "roleid": "PVEAuditor", "propagate": 1},
]
TFA: list[Json] = [
    {"userid": "zoe@pve", "totp-locked": True, "entries": [
        {"type": "totp", "id": "totp-1", "description": "phone", "created": 1_790_000_000, "enable": 1},
        {"type": "recovery", "id": "recovery", "description": "", "created": 1_790_000_000}]},
    {"userid": "bob@pve", "entries": [{"type": "webauthn", "id": "w", "enable": 0}]},
]  # fmt: skip


def cluster() -> Answers:
    return Answers(
        {
            "/access/users": USERS,
            "/access/groups": [{"groupid": "ops", "users": "zoe@pve,bob@pve"}, {"groupid": "admins", "comment": "all"}],
            "/access/roles": [
                {"roleid": "PVEVMUser", "privs": "VM.Console,VM.Audit", "special": 1},
                {"roleid": "Own", "privs": ""},
            ],
            "/access/acl": ACL,
            "/access/tfa": TFA,
            "/access/domains": [
                {"realm": "pve", "type": "pve", "default": 1},
                {"realm": "ad", "type": "ad", "tfa": "oath"},
            ],
            "/access/permissions": {"/vms": {"VM.Audit": 1, "VM.Console": 0}, "/": {"Sys.Audit": 1}},
        }
    )


def now() -> float:
    return NOW


@pytest.mark.capability("9.1", "9.6")
def test_users_that_are_switched_off_or_have_ended_are_told_apart() -> None:
    source = cluster()
    rows = {row["userid"]: row for row in access.list_users(source, now).value}
    assert (rows["former@pve"]["enabled"], rows["former@pve"]["expired"]) == (False, False)
    assert (rows["guest@pve"]["enabled"], rows["guest@pve"]["expired"]) == (True, True)
    assert rows["zoe@pve"]["expires"] is None
    assert (rows["zoe@pve"]["groups"], rows["zoe@pve"]["tokens"]) == (["admins", "ops"], 2)
    assert rows["guest@pve"]["totp_locked"] is True
    assert rows["guest@pve"]["tfa_locked_until"] == "2027-01-15T08:01:40Z"
    assert "hunter2" not in repr(rows)
    assert source.asked == [("/access/users", {"full": True})]


@pytest.mark.capability("9.1")
def test_tokens_of_all_users_cost_one_request() -> None:
    source = cluster()
    rows = {row["token"]: row for row in access.list_tokens(source, now).value}
    assert [*rows] == ["former@pve!left", "zoe@pve!ci", "zoe@pve!old"]
    assert (rows["zoe@pve!ci"]["expired"], rows["zoe@pve!ci"]["expires"]) == (False, "2030-03-17T17:46:40Z")
    assert (rows["zoe@pve!old"]["expired"], rows["zoe@pve!old"]["privsep"]) == (True, False)
    assert (rows["former@pve!left"]["enabled"], rows["former@pve!left"]["privsep"]) == (False, True)
    assert source.paths == ["/access/users"]
    assert [row["tokenid"] for row in access.list_tokens(cluster(), now, "zoe@pve").value] == ["ci", "old"]
    assert access.list_tokens(cluster(), now, "root@pam").value == []


def test_tokens_of_a_single_users_answer_are_an_object() -> None:
    user: JsonObject = {"userid": "root@pam", "tokens": {"tok": {"expire": 0, "privsep": 0}}}
    (row,) = access.token_rows(user, now)
    assert (row["token"], row["privsep"], row["expires"]) == ("root@pam!tok", False, None)


@pytest.mark.capability("9.1")
def test_a_users_page_has_what_is_granted_to_him_and_his_groups() -> None:
    page = access.show_user(cluster(), "zoe@pve", now).value
    assert [entry["ugid"] for entry in _rows(page["acl"])] == ["admins", "zoe@pve"]
    assert [token["tokenid"] for token in _rows(page["tokens"])] == ["ci", "old"]
    assert [(one["type"], one["locked"]) for one in _rows(page["tfa"])] == [("recovery", False), ("totp", True)]
    assert "hunter2" not in repr(page)


def test_second_factors_that_no_token_may_see_do_not_make_the_page_partial() -> None:
    source = cluster()
    source.table["/access/tfa"] = PermissionDenied("not available with API token, need proper ticket.")
    page = access.show_user(source, "zoe@pve", now)
    assert page.value["tfa"] is None
    assert not page.partial
    assert [warn.code for warn in page.warnings] == ["tfa_hidden"]
    source.table["/access/acl"] = PermissionDenied("no")
    page = access.show_user(source, "zoe@pve", now)
    assert page.value["acl"] == []
    assert page.partial


@pytest.mark.capability("9.1")
def test_a_token_without_separation_has_the_grants_of_its_user() -> None:
    separated = access.show_token(cluster(), "zoe@pve!ci", now).value
    assert [entry["path"] for entry in _rows(separated["acl"])] == ["/vms/100"]
    whole = access.show_token(cluster(), "zoe@pve!old", now).value
    assert [entry["path"] for entry in _rows(whole["acl"])] == ["/vms"]


def test_groups_and_roles() -> None:
    page = access.show_group(cluster(), "admins").value
    assert (page["users"], page["comment"]) == ([], "all")
    assert [entry["roleid"] for entry in _rows(page["acl"])] == ["Administrator"]
    role = access.show_role(cluster(), "PVEVMUser").value
    assert (role["built_in"], role["privileges"]) == (True, ["VM.Audit", "VM.Console"])
    assert [entry["ugid"] for entry in _rows(role["acl"])] == ["zoe@pve!ci"]
    assert access.show_role(cluster(), "Own").value["privileges"] == []
    assert [row["groupid"] for row in access.list_groups(cluster()).value] == ["admins", "ops"]


def test_what_does_not_exist_names_the_list() -> None:
    for show, named in (
        (lambda: access.show_user(cluster(), "nix@pve", now), "access user list"),
        (lambda: access.show_user(cluster(), "zoe", now), "zoe@pam"),
        (lambda: access.list_tokens(cluster(), now, "nix@pve"), "access user list"),
        (lambda: access.show_token(cluster(), "zoe@pve!nix", now), "access token list zoe@pve"),
        (lambda: access.show_group(cluster(), "nix"), "access group list"),
        (lambda: access.show_role(cluster(), "nix"), "access role list"),
    ):
        with pytest.raises(NotFound) as caught:
            show()
        assert named in (caught.value.hint or "")
    with pytest.raises(UsageError, match="no token id"):
        access.show_token(cluster(), "ci", now)


@pytest.mark.capability("9.1")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        (None, ["/", "/vms", "/vms/100", "/vms/1001"]),
        ("/vms/100", ["/", "/vms/100"]),
        ("/vms/100/", ["/", "/vms/100"]),
        ("/vms", ["/", "/vms"]),
        ("/", ["/"]),
        ("/vms/1001/x", ["/", "/vms/1001"]),
    ],
)
def test_grants_that_act_on_a_path(path: str | None, found: list[str]) -> None:
    assert [row["path"] for row in acl.list_acl(cluster(), path).value] == found


def test_a_path_begins_with_a_slash() -> None:
    for ask in (acl.list_acl, lambda source, path: acl.list_permissions(source, None, path)):
        with pytest.raises(UsageError, match="'vms' is no path"):
            ask(cluster(), "vms")


@pytest.mark.capability("9.1")
def test_effective_permissions_of_others() -> None:
    source = cluster()
    rows = acl.list_permissions(source, "zoe@pve!ci", "/vms/").value
    assert source.asked == [("/access/permissions", {"userid": "zoe@pve!ci", "path": "/vms"})]
    assert [(row["path"], row["privilege"], row["propagate"]) for row in rows] == [
        ("/", "Sys.Audit", True),
        ("/vms", "VM.Audit", True),
        ("/vms", "VM.Console", False),
    ]


def test_second_factors_and_realms() -> None:
    rows = acl.list_tfa(cluster()).value
    assert [(row["userid"], row["type"], row["enabled"]) for row in rows] == [
        ("bob@pve", "webauthn", False),
        ("zoe@pve", "recovery", True),
        ("zoe@pve", "totp", True),
    ]
    assert [(row["realm"], row["default"], row["tfa"]) for row in acl.list_realms(cluster()).value] == [
        ("ad", False, "oath"),
        ("pve", True, None),
    ]


def _rows(value: Json) -> list[JsonObject]:
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, dict)]
