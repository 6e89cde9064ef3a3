"""Changing the firewall options of a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.json import as_object
from proxmox_mpc.domain.plan import Plan, Send
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.firewall import Level, read_level
from proxmox_mpc.services.firewall_lockout import closes, way_back
from proxmox_mpc.services.firewall_rule import LOG_LEVELS
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import Given, Keys, checked_deletes, gathered, read_keys

_OPTIONS: Mapping[str, Keys] = {
    "cluster": read_keys("""
        ebtables bool
        enable bool
        log_ratelimit text
        policy_forward ACCEPT|DROP
        policy_in ACCEPT|REJECT|DROP
        policy_out ACCEPT|REJECT|DROP
    """),
    "node": read_keys(f"""
        enable bool
        log_level_forward {LOG_LEVELS}
        log_level_in {LOG_LEVELS}
        log_level_out {LOG_LEVELS}
        log_nf_conntrack bool
        ndp bool
        nf_conntrack_allow_invalid bool
        nf_conntrack_helpers ~names *
        nf_conntrack_max int(32768..)
        nf_conntrack_tcp_timeout_established int(7875..)
        nf_conntrack_tcp_timeout_syn_recv int(30..60)
        nftables bool
        nosmurfs bool
        protection_synflood bool
        protection_synflood_burst int
        protection_synflood_rate int
        smurf_log_level {LOG_LEVELS}
        tcp_flags_log_level {LOG_LEVELS}
        tcpflags bool
    """),
    "guest": read_keys(f"""
        dhcp bool
        enable bool
        ipfilter bool
        log_level_in {LOG_LEVELS}
        log_level_out {LOG_LEVELS}
        macfilter bool
        ndp bool
        policy_in ACCEPT|REJECT|DROP
        policy_out ACCEPT|REJECT|DROP
        radv bool
    """),
    "vnet": read_keys(f"""
        enable bool
        log_level_forward {LOG_LEVELS}
        policy_forward ACCEPT|DROP
    """),
}


def set_options(
    source: Source,
    level: Level,
    options: Mapping[str, Given],
    pairs: Sequence[str] = (),
    deletes: Sequence[str] = (),
) -> Plan:
    """Plan other options of a level; switching the cluster's firewall on, or another policy, may cut the management."""
    keys = option_keys(level)
    form = gathered(keys, options, pairs)
    gone = checked_deletes(keys, deletes, form)
    if not form and not gone:
        raise UsageError(
            "there is nothing to change", hint="name a setting: --enable, --policy-in DROP, --set KEY=VALUE"
        )
    path = f"{level.path}/options"
    now = as_object(read_level(source, level, path), "the firewall options")
    noun = Noun("firewall", level.path, "", keys, "")
    cuts = level.kind in ("cluster", "node") and bool({"enable", "policy_in", "nftables"} & {*form, *gone})
    step = objects.changed(
        noun,
        level.label,
        now,
        form,
        gone,
        path=path,
        effect="network" if cuts else "config",
        facts=Facts(touches_management=cuts and closes(level, form, gone)),
    )
    notes = way_back(level) if cuts and isinstance(step, Send) else ()
    return Plan("set", (step,), notes=notes)


def option_keys(level: Level) -> Keys:
    """Return the options that a level has; raises UsageError for a security group."""
    kind = "guest" if level.kind in ("vm", "ct") else level.kind
    if kind not in _OPTIONS:
        raise UsageError("a security group has no options", hint="pmpc firewall group show NAME shows its rules")
    return _OPTIONS[kind]
