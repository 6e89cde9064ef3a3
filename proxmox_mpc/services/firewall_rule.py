"""One firewall rule: its keys, what it may say, and how it is found and compared in its list."""

from __future__ import annotations

from collections.abc import Mapping

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Target
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.firewall import Level, read_level
from proxmox_mpc.services.setting_tables import as_form, read_keys, same

LOG_LEVELS = "emerg|alert|crit|err|warning|notice|info|debug|nolog"
RULE_KEYS = read_keys(f"""
action ~word
comment text
dest ~fwaddr
dport ~ports
enable bool
icmp-type ~word
iface ~iface
log {LOG_LEVELS}
macro ~word
proto ~word
source ~fwaddr
sport ~ports
type in|out|forward|group
""")
_REAL = ("ACCEPT", "DROP", "REJECT")


def checked_rule(source: Source, level: Level, form: dict[str, FormValue]) -> dict[str, FormValue]:
    kind, action = form.get("type"), form.get("action")
    if kind is None or action is None:
        raise UsageError("a rule needs type and action", hint="such as: --in ACCEPT --dport 22, or --group-rule NAME")
    if kind == "group":
        if level.kind == "group":
            raise UsageError("a security group cannot hold another one")
        groups = [text(row, "group") for row in as_rows(source.read("/cluster/firewall/groups"), "the security groups")]
        if action not in groups:
            raise NotFound(f"there is no security group {action!r}", hint="pmpc firewall group list")
    elif action not in _REAL:
        raise UsageError(
            f"action: {action!r} is not one of {', '.join(_REAL)}", hint="a security group: --group-rule NAME"
        )
    if kind == "forward" and level.kind in ("vm", "ct"):
        raise UsageError("a guest has no rules for forwarded traffic", hint="cluster, node and vnet have")
    if level.kind == "vnet" and kind not in ("forward", "group"):
        raise UsageError("a vnet has rules for forwarded traffic only", hint="--forward ACCEPT")
    for ports in ("dport", "sport"):
        if ports in form and "proto" not in form and "macro" not in form:
            raise UsageError(f"{ports} needs a protocol", hint="add --proto tcp (or udp, sctp …)")
    if "macro" in form and {"proto", "dport", "sport"} & form.keys():
        raise UsageError("a macro says protocol and ports itself", hint="leave --proto and ports away")
    return form


def rules_of(source: Source, level: Level) -> list[JsonObject]:
    rows = as_rows(read_level(source, level, level.rules), f"the rules of {level.label}")
    return sorted(rows, key=lambda row: integer(row, "pos") or 0)


def rule_at(level: Level, rules: list[JsonObject], pos: int) -> JsonObject:
    if not 0 <= pos < len(rules):
        raise NotFound(f"{level.named} has no rule {pos}", hint="pmpc firewall rule list shows their numbers")
    return rules[pos]


def no_place(level: Level, pos: int, last: int) -> UsageError:
    return UsageError(f"{level.named} has no place {pos} for a rule", hint=f"places go from 0 to {last}")


def digest_of(rules: list[JsonObject]) -> str | None:
    return text(rules[0], "digest") if rules else None


def rule_target(level: Level, pos: int) -> Target:
    return Target("rule", f"{level.label} {pos}")


def is_so(rule: JsonObject, key: str, wanted: FormValue) -> bool:
    if key == "enable":
        return boolean(rule, "enable") == (str(wanted) not in ("0", "None", ""))
    now = rule.get(key)
    return now in (None, "") if wanted is None else same(RULE_KEYS, key, now, wanted)


def essence(rule: JsonObject) -> JsonObject:
    return {key: value for key, value in rule.items() if key not in ("pos", "digest")}


def form_of(rule: JsonObject) -> dict[str, FormValue]:
    return {key: as_form(RULE_KEYS, key, rule[key]) for key in RULE_KEYS.names() if rule.get(key) not in (None, "")}


def in_words(form: Mapping[str, FormValue]) -> str:
    return " ".join(f"{key}={value}" for key, value in form.items()) or "nothing"
