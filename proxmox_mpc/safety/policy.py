"""What must be asked before a plan is carried out, and whether the answer given is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from proxmox_mpc.domain.call import Slot
from proxmox_mpc.domain.plan import Cannot, Lane, Plan, Target, WriteOptions
from proxmox_mpc.domain.risk import DESTROYS_GUEST, NO_RISK, PROTECTION_FORBIDS, Facts, Risk, assess
from proxmox_mpc.errors import Locked, Refused
from proxmox_mpc.safety.ports import Voice
from proxmox_mpc.workspace.places import Safety

BACKUP_AGE = 7 * 86400
"""A backup older than this many seconds is none, where one is required."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The risk of a whole plan, what policy asks for it, and which word or number stands for a typed confirmation."""

    action: str
    risk: Risk
    policy: str
    word: str
    targets: int


def is_protected(target: Target, protected: Sequence[str]) -> bool:
    """Whether ``safety.protected`` names the target: its id, a pattern for its name, or a tag (also ``tag:NAME``)."""
    name = target.name if isinstance(target.name, str) else ""
    own = {str(target.id), f"{target.kind}:{target.id}", *target.tags, *(f"tag:{tag}" for tag in target.tags)}
    return any(one in own or (name and fnmatchcase(name.lower(), one.lower())) for one in protected)


def assessed(plan: Plan, lanes: Sequence[Lane], safety: Safety) -> Assessment:
    """Return how dangerous a plan is, and what the workspace's policy asks for that."""
    active = [lane for lane in lanes if lane.sends]
    risk = NO_RISK
    for lane in active:
        protected = is_protected(lane.target, safety.protected)
        for send in lane.sends:
            found = assess(send.effect, send.facts, protected=protected, targets=len(active))
            if len(active) > 1:
                named = tuple(f"{lane.target.label}: {one}" if protected else one for one in found.reasons)
                found = Risk(found.level, named)
            risk = risk.worse(found)
    word = _word(active[0].target) if len(active) == 1 else str(len(active))
    asked = safety.policy[risk.level]
    if plan.counted and active:
        risk = Risk(risk.level, (*risk.reasons, plan.counted))
    # What reaches far is confirmed by its number even where its risk would ask for less.
    return Assessment(plan.action, risk, "name" if plan.counted and asked != "deny" else asked, word, len(active))


def _word(target: Target) -> str:
    """Return what is typed to confirm: the name, of an unnamed target its id."""
    if isinstance(target.name, str) and target.name:
        return target.name
    return target.id.preview if isinstance(target.id, Slot) else str(target.id)


def unless_locked(lane: Lane) -> Lane:
    """Return the lane, or one that only says that the target is locked: the others of a plan go on without it."""
    lock = next((send.facts.locked for send in lane.sends if send.facts.locked), None)
    if lock is None:
        return lane
    error = Locked(
        f"{lane.target.label} is locked ({lock})",
        hint="wait until what holds it is done: pmpc task list --running",
        details={"lock": lock},
    )
    return Lane(lane.target, (Cannot(lane.target, error),))


def check_allowed(lanes: Sequence[Lane], safety: Safety, options: WriteOptions, now: float) -> list[str]:
    """Raise Refused for what no confirmation can allow; return what --without-backup waived."""
    waived: list[str] = []
    if safety.mode == "read-only" and any(lane.sends for lane in lanes):
        raise Refused(
            "safety.mode is read-only: nothing is changed from here",
            hint="pmpc workspace config set safety.mode normal",
        )
    for lane in lanes:
        for send in lane.sends:
            _check_protection(lane.target, send.effect, send.facts)
            if send.effect in DESTROYS_GUEST and safety.require_backup:
                problem = _backup_problem(send.facts, now)
                if problem and not options.without_backup:
                    raise Refused(
                        f"{lane.target.label}: {problem}",
                        hint="make one (pmpc backup create), or say --without-backup, which is audited",
                        details={"guest": lane.target.label},
                    )
                if problem:
                    waived.append(f"{lane.target.label}: {problem}")
    return waived


def _check_protection(target: Target, effect: str, facts: Facts) -> None:
    if facts.protection and effect in PROTECTION_FORBIDS:
        of_guest = target.kind in ("vm", "ct")
        how = (
            f"pmpc {target.kind} set {target.id} --set protection=0"
            if of_guest
            else f"pmpc backup unprotect {target.id}"
        )
        raise Refused(
            f"{target.label} is protected in Proxmox VE itself",
            hint=f"pmpc never clears that by itself; if you mean it: {how}",
            details={"protection": True},
        )


def _backup_problem(facts: Facts, now: float) -> str | None:
    backup = facts.backup
    if backup is not None and backup.newest is not None and now - backup.newest <= BACKUP_AGE:
        return None
    if backup is None or not backup.complete:
        reasons = "; ".join(backup.reasons) if backup is not None and backup.reasons else "nobody looked"
        return f"whether there is a recent backup cannot be seen ({reasons})"
    if backup.newest is None:
        return "there is no backup of it"
    return f"its newest backup is {int((now - backup.newest) // 86400)} days old"


def check_policy(found: Assessment) -> None:
    """Raise Refused where the workspace's policy denies what a plan would do."""
    if found.targets and found.policy == "deny":
        raise Refused(f"{_what(found)}, which safety.policy.{found.risk.level} denies", details=_details(found))


def consent(plan: Plan, found: Assessment, options: WriteOptions, voice: Voice, lines: Sequence[str]) -> str:
    """Ask what the policy asks, and return how it was allowed, for the journal; raises Refused.

    ``lines`` describe the plan; they are shown where the policy is ``plan`` or ``name``, or somebody is asked.
    """
    if found.targets == 0 or found.policy == "run":
        return "policy"
    check_policy(found)
    what = _what(found)
    if found.policy in ("plan", "name") or (voice.interactive and not options.yes):
        for line in lines:
            voice.note(line)
    if found.policy == "name":
        return _by_name(what, found, options, voice)
    if options.yes:
        return "--yes"
    if not voice.interactive:
        raise Refused(
            f"{what}, and it was not confirmed", hint="say --yes; --dry-run shows the plan", details=_details(found)
        )
    return _by_prompt(what, voice)


def _by_prompt(what: str, voice: Voice) -> str:
    try:
        answer = voice.ask(f"{what}. Go on? [y/N] ").strip().lower()
    except EOFError:
        answer = ""
    if answer not in ("y", "yes"):
        raise Refused("not confirmed: nothing was sent")
    return "prompt"


def _by_name(what: str, found: Assessment, options: WriteOptions, voice: Voice) -> str:
    meant = "the number of targets" if found.targets > 1 else "its name"
    if options.yes:
        if options.confirm == found.word:
            return f"--yes --confirm {found.word}"
        given = f" (not {options.confirm!r})" if options.confirm is not None else ""
        raise Refused(
            f"{what}: --yes is not enough{given}",
            hint=f"say {meant} too: --yes --confirm {found.word}",
            details=_details(found) | {"confirm": found.word},
        )
    if not voice.interactive:
        raise Refused(
            f"{what}, and it was not confirmed",
            hint=f"say --yes --confirm {found.word}; --dry-run shows the plan",
            details=_details(found) | {"confirm": found.word},
        )
    try:
        typed = voice.ask(f"{what}. Type {meant} to go on: ").strip()
    except EOFError:
        typed = ""
    if typed != found.word:
        raise Refused(f"not confirmed: {found.word!r} was not typed, nothing was sent")
    return f"typed {found.word}"


def _what(found: Assessment) -> str:
    reasons = f" ({'; '.join(found.risk.reasons)})" if found.risk.reasons else ""
    return f"{found.action}: {found.risk.level} risk{reasons}"


def _details(found: Assessment) -> dict[str, object]:
    return {"risk": found.risk.level, "reasons": list(found.risk.reasons), "targets": found.targets}
