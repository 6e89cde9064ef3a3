"""What besides guests can be declared: pools, storages, jobs, high availability, users, groups, roles, zones, vnets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.guest_config import natural
from proxmox_mpc.domain.json import Json, JsonObject, boolean, text
from proxmox_mpc.domain.plan import Step
from proxmox_mpc.domain.source import STALE, Source
from proxmox_mpc.errors import InvalidValue, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.access_writes import GROUP, ROLE, USER
from proxmox_mpc.services.ha_writes import RESOURCE, RULE
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.pools_write import create_pool, delete_pools, set_pool
from proxmox_mpc.services.replication_writes import JOB as REPLICATION
from proxmox_mpc.services.sdn_writes import VNET, ZONE
from proxmox_mpc.services.setting_tables import as_form, checked_setting, read_keys, same
from proxmox_mpc.services.storage_writes import STORAGE
from proxmox_mpc.services.sync_kinds import Inventory, LiveObject
from proxmox_mpc.state.kinds import KINDS

BACKUP_JOB = Noun(
    "backup job", "/cluster/backup", "id",
    read_keys("""
        all bool
        bwlimit int(0..)
        comment text
        compress 0|1|gzip|lzo|zstd
        enabled bool
        exclude text *
        exclude-path text []
        fleecing text
        mailnotification always|failure
        mailto text
        mode snapshot|suspend|stop
        node ~name
        notes-template text
        notification-mode auto|legacy-sendmail|notification-system
        pool ~word
        protected bool
        prune-backups text
        remove bool
        repeat-missed bool
        schedule ~calendar
        storage ~name
        vmid text *
        zstd int(0..)
    """),
    "pmpc backup job list", digest=False,
)  # fmt: skip


@dataclass(frozen=True)
class NounKind:
    """Objects that the API creates, changes and deletes alike; ``recorded`` is their kind in the database.

    ``defaults`` are what PVE takes where a key is not set. ``hidden`` rows are PVE's own and cannot be declared.
    """

    name: str
    noun: Noun
    stage: int
    groups: Collection[str]
    recorded: str
    defaults: Mapping[str, str] = field(default_factory=dict)
    hidden: str | None = None

    def live(self, inventory: Inventory) -> Iterator[LiveObject]:
        """Yield the recorded objects of this kind."""
        for key, row in inventory.objects(self.recorded):
            if self.hidden is not None and boolean(row, self.hidden):
                continue
            ident = text(row, self.noun.id_key) or key
            yield LiveObject(self.name, ident, None, self._keys(row), None, STALE in row, row, row)

    def _keys(self, row: JsonObject) -> dict[str, str]:
        # What SDN objects are to be counts, not what of it is applied already.
        pending = row.get("pending")
        row = {**row, **pending} if isinstance(pending, dict) else row
        found = {key: self._text(key, row[key]) for key in sorted(row, key=natural) if self._known(key)}
        return {key: value for key, value in found.items() if value != ""}

    def _known(self, key: str) -> bool:
        secret = self.noun.keys.secret | KINDS[self.recorded].secret
        return self.noun.keys.rules.find(key) is not None and key not in secret

    def _text(self, key: str, value: Json) -> str:
        sent = as_form(self.noun.keys, key, value)
        return ",".join(str(one) for one in sent) if isinstance(sent, (list, tuple)) else str(sent)

    def compared(self, key: str, track: Collection[str]) -> bool:
        """Whether a key takes part: all that can be set and read."""
        return self._known(key)

    def same(self, key: str, declared: str | None, live: str | None) -> bool:
        """Whether the live value is what the declared one asks for; unset is PVE's default."""
        default = self.defaults.get(key, "0" if self._is_flag(key) else None)
        one, other = declared or default, live or default
        if one is None or other is None:
            return one == other
        return same(self.noun.keys, key, one, other)

    def _is_flag(self, key: str) -> bool:
        rule = self.noun.keys.rules.find(key)
        return rule is not None and rule.kind == "bool"

    def check(self, key: str, value: str) -> None:
        """Raise UsageError for a key that PVE does not know, or a value that it would not take."""
        self._form({key: value})

    def creation(self, source: Source, ident: str, keys: Mapping[str, str], track: Collection[str]) -> Sequence[Step]:
        """Return the steps that create the object."""
        return objects.creation(source, self.noun, ident, self._form(keys))

    def changes(self, source: Source, live: LiveObject, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        """Return the steps that change keys of the object as it stands now."""
        now = objects.existing(source, self.noun, live.ident)
        if now is None:
            raise self.noun.missing(live.ident)
        fixed = sorted(self.noun.keys.create_only & wanted.keys())
        if fixed:
            raise InvalidValue(
                f"{self.noun.kind} {live.ident}: {', '.join(fixed)} cannot be changed once it is there",
                hint="take the change back: pmpc sync declare writes what is on the cluster",
            )
        form = self._form({key: value for key, value in wanted.items() if value is not None})
        gone = [key for key, value in wanted.items() if value is None]
        return (objects.changed(self.noun, live.ident, now, form, gone),)

    def _form(self, keys: Mapping[str, str]) -> dict[str, FormValue]:
        form: dict[str, FormValue] = {}
        for key, value in keys.items():
            if key in self.noun.keys.arrays:
                form[key] = value.split(",")
            else:
                form[key] = checked_setting(self.noun.keys, key, value, self.name)
        return form

    def deletion(self, source: Source, live: LiveObject) -> Sequence[Step]:
        """Return the steps that delete the object."""
        now = objects.existing(source, self.noun, live.ident)
        if now is None:
            raise self.noun.missing(live.ident)
        return objects.deletion(self.noun, live.ident, now)


class PoolKind:
    """Resource pools; who is in one is said by its members' own manifests."""

    name = "pool"
    stage = 10
    groups: Collection[str] = ("pool",)

    def live(self, inventory: Inventory) -> Iterator[LiveObject]:
        """Yield the recorded pools."""
        for key, row in inventory.objects("pool"):
            ident = text(row, "poolid") or key
            comment = text(row, "comment")
            yield LiveObject("pool", ident, None, {"comment": comment} if comment else {}, None, STALE in row, row, row)

    def compared(self, key: str, track: Collection[str]) -> bool:
        """Whether a key takes part."""
        return key == "comment"

    def same(self, key: str, declared: str | None, live: str | None) -> bool:
        """Whether the comments are the same; none is an empty one."""
        return (declared or "") == (live or "")

    def check(self, key: str, value: str) -> None:
        """Raise UsageError for every key but the comment."""
        if key != "comment":
            raise UsageError("a pool has a comment, and nothing else", hint="members say pool: in their own manifests")

    def creation(self, source: Source, ident: str, keys: Mapping[str, str], track: Collection[str]) -> Sequence[Step]:
        """Return the steps that create the pool."""
        return _nested(create_pool(source, ident, keys.get("comment"), coming=True).steps, ident.count("/"))

    def changes(self, source: Source, live: LiveObject, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        """Return the steps that change the comment."""
        return set_pool(source, live.ident, wanted.get("comment") or "").steps

    def deletion(self, source: Source, live: LiveObject) -> Sequence[Step]:
        """Return the steps that delete the pool, which must be empty by then."""
        return _nested(delete_pools(source, [live.ident], leaving=True).steps, -live.ident.count("/"))


def _nested(steps: Sequence[Step], stage: int) -> list[Step]:
    """Return the steps of a pool in a pool: made after the outer one, deleted before it."""
    return [replace(step, target=replace(step.target, stage=stage)) for step in steps]


_HA_DEFAULTS = {"state": "started", "failback": "1", "max_relocate": "1", "max_restart": "1"}


def object_kinds() -> tuple[PoolKind | NounKind, ...]:
    """Return every kind besides guests."""
    return (
        NounKind("role", ROLE, 1, ("access",), "role", hidden="special"),
        NounKind("group", GROUP, 2, ("access",), "group"),
        NounKind("user", USER, 3, ("access",), "user", {"enable": "1", "expire": "0"}),
        PoolKind(),
        NounKind("storage", STORAGE, 11, ("storage",), "storage"),
        NounKind("sdn-zone", ZONE, 12, ("sdn",), "sdn_zone", {"ipam": "pve"}),
        NounKind("sdn-vnet", VNET, 13, ("sdn",), "sdn_vnet"),
        NounKind("ha-resource", RESOURCE, 60, ("ha",), "ha_resource", _HA_DEFAULTS),
        NounKind("ha-rule", RULE, 61, ("ha",), "ha_rule"),
        NounKind("backup-job", BACKUP_JOB, 62, ("job",), "backup_job", {"enabled": "1", "mode": "snapshot"}),
        NounKind("replication", REPLICATION, 63, ("job",), "replication"),
    )
