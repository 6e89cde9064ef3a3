"""The homelab's users, tokens, groups, roles and rights."""

from __future__ import annotations

from proxmox_mpc.simulator.world import DOOR_SECRET, Acl, ApiToken, User
from proxmox_mpc.simulator.worlds.builder import DAY, Builder

PASSWORD = "homelab-password"  # noqa: S105 - the simulator's own, in no other place
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - as above


def add_access(build: Builder) -> None:
    """Add root with a ready token, people with less, and tokens from all rights to none."""
    world, now = build.world, build.now
    full = ApiToken("pmpc", DOOR_SECRET, privsep=False, comment="for pmpc")
    world.door_token = [f"root@pam!{full.tokenid}", full.secret]
    world.realms = {
        "pam": {"type": "pam", "comment": "Linux PAM standard authentication"},
        "pve": {"type": "pve", "comment": "Proxmox VE authentication server", "default": 1},
        "lab-ldap": {
            "type": "ldap", "comment": "directory of the lab", "server1": "ldap.lab.example", "port": 636,
            "base_dn": "ou=people,dc=lab,dc=example", "user_attr": "uid", "mode": "ldaps",
        },
    }  # fmt: skip
    world.groups = {"admins": "may do everything", "operators": "run the guests of production", "unused": None}
    world.roles = {"Operator": ["VM.Audit", "VM.Console", "VM.PowerMgmt", "VM.Snapshot", "VM.Backup"]}
    people = [
        User("root@pam", PASSWORD, email="root@lab.example", tokens={"pmpc": full}),
        User(
            "zoe@pve", PASSWORD, firstname="Zoë", lastname="Müller", email="zoe@lab.example", groups=["admins"],
            tokens={"ci": ApiToken("ci", build.uuid(), privsep=True, expire=now + 40 * DAY, comment="CI runner")},
            tfa=[{"type": "totp", "id": "totp-phone", "description": "phone", "created": now - 80 * DAY, "enable": 1,
                  "secret": TOTP_SECRET}],
        ),
        User("bob@pve", PASSWORD, firstname="Bob", groups=["operators"], comment="shift lead"),
        User("auditor@pve", PASSWORD, comment="may look, not touch",
             tokens={"readonly": ApiToken("readonly", build.uuid(), privsep=False)}),
        User("nobody@pve", PASSWORD, comment="has no rights",
             tokens={"nothing": ApiToken("nothing", build.uuid(), privsep=True)}),
        User("former@pve", PASSWORD, enable=False, comment="left the lab"),
        User("guest@pve", PASSWORD, expire=now - 10 * DAY, comment="access has expired"),
    ]  # fmt: skip
    world.users = {user.userid: user for user in people}
    world.acl = [
        Acl("/", "group", "admins", "Administrator"),
        Acl("/", "user", "auditor@pve", "PVEAuditor"),
        Acl("/pool/prod", "group", "operators", "Operator"),
        Acl("/storage/nas", "group", "operators", "PVEDatastoreUser"),
        Acl("/vms/105", "user", "bob@pve", "PVEVMUser", propagate=False),
        Acl("/pool/prod", "token", "zoe@pve!ci", "PVEVMUser"),
    ]
