"""Changing the datacenter options."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import as_object
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import checked_deletes, gathered, read_keys

_PATH = "/cluster/options"
_LIMITS = "clone:num(0..) default:num(0..) migration:num(0..) move:num(0..) restore:num(0..)"
_FORMATS = {
    "bwlimit": _LIMITS,
    "ha": "shutdown_policy:freeze|failover|conditional|migrate",
    "transfer": "type:secure|insecure network:text",
    "ids": "lower:int(100..999999999) upper:int(100..1000000000)",
    "origin": "allow-subdomains:bool id:text origin:text rp:text appid:text",
    "style": "shape:full|circle|dense|none color-map:text ordering:config|alphabetical case-sensitive:bool",
    "access": "user-allow:none|list|existing|free user-allow-list:text",
    "crs": "ha:basic|static|dynamic ha-rebalance-on-start:bool ha-auto-rebalance:bool ha-auto-rebalance-method:text "
    "ha-auto-rebalance-threshold:num ha-auto-rebalance-margin:num ha-auto-rebalance-hold-duration:num",
}
_KEYS = read_keys(
    """
    bwlimit @bwlimit
    consent-text text
    console applet|vv|html5|xtermjs
    crs @crs
    description text
    email_from ~email
    fencing watchdog|hardware|both
    ha @ha
    http_proxy ~url
    keyboard text
    language text
    mac_prefix ~macprefix
    max_workers int(1..)
    migration @transfer
    migration_unsecure bool
    next-id @ids
    notify text
    registered-tags ~tagslist
    replication @transfer
    tag-style @style
    u2f @origin
    user-tag-access @access
    webauthn @origin
    """,
    _FORMATS,
)


def set_options(source: Source, pairs: Sequence[str], deletes: Sequence[str]) -> Plan:
    """Plan other datacenter options, each in Proxmox VE's own key."""
    form = gathered(_KEYS, {}, pairs)
    gone = checked_deletes(_KEYS, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="pmpc cluster set mac_prefix=BC:24:11 --delete keyboard")
    now = as_object(source.read(_PATH), "the datacenter options")
    noun = Noun("cluster", "/cluster", "", _KEYS, "", digest=False)
    return Plan("set", (objects.changed(noun, "options", now, form, gone, path=_PATH),))
