"""What an HTTP error of PVE means: one table from status and text to an error class.

PVE answers 500 to nearly everything that is not a bad parameter: what does not exist, what exists already, what is
locked or was changed meanwhile. Only the text tells them apart (measured on PVE 9.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxmox_mpc import errors
from proxmox_mpc.api.forms import node_of
from proxmox_mpc.api.retry import Again, AttemptError
from proxmox_mpc.domain.json import Json

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was answered with an error: what was asked, the status, PVE's text and its texts by parameter."""

    method: str
    path: str
    status: int
    text: str
    fields: Mapping[str, str]
    who: str


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    error: type[errors.PmpcError]
    again: Again = Again.NEVER
    hint: str | None = None


def _rule(pattern: str, error: type[errors.PmpcError], again: Again = Again.NEVER, hint: str | None = None) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), error, again, hint)


_LOOK_AGAIN = "it was changed meanwhile: look at it again, then repeat"

# The first that matches wins.
_TEXTS = (
    _rule(r"can't lock file|can't (?:get|acquire) .*lock|got lock request timeout", errors.Locked, Again.LATER),
    _rule(r"\bis locked\b", errors.Locked),
    _rule(r"no quorum|not quorate|cluster not ready|/etc/pve/.*permission denied", errors.NoQuorum),
    _rule(r"checksum mismatch|modified configuration|file changed by other user", errors.Conflict, hint=_LOOK_AGAIN),
    _rule(r"already (?:exists|defined)", errors.AlreadyExists),
    _rule(r"\bonly root\b", errors.PermissionDenied, hint="this option is reserved for root@pam with a password"),
    _rule(
        r"does not exist|no such (?!file or directory)|unable to find configuration file|hostname lookup .* failed",
        errors.NotFound,
    ),
    _rule(
        r"\bnot running\b|\bis running\b|already running|protection mode|in use by|still in use|is used by|not empty"
        r"|no qemu guest agent configured",
        errors.Conflict,
    ),
)

# What the proxy in front of a node, or in front of the cluster, says when it cannot pass a request on (AnyEvent::HTTP).
_BUSY = frozenset({502, 503, 504, 597, 598, 599})
_PERMISSION = re.compile(r"Permission check failed \((?P<path>/[^,)]*)(?:,\s*(?P<privileges>[^)]*))?\)")


def refused(refusal: Refusal) -> AttemptError:
    """Return the error for an answer of status 300 and above, and whether a read may be tried again."""
    details: dict[str, object] = {
        "status": refusal.status,
        "method": refusal.method,
        "path": refusal.path,
    }
    if refusal.fields:
        details["errors"] = dict(refusal.fields)
    if refusal.status in (595, 596):
        return _node_silent(refusal, details)
    if refusal.status in _BUSY:
        message = f"the server is too busy to answer: {refusal.text or refusal.status}"
        hint = "try again later; on the node: systemctl status pveproxy pvedaemon"
        return AttemptError(errors.ServerBusy(message, hint=hint, details=details), Again.LATER)
    if refusal.status == 401:
        return AttemptError(_unauthorised(refusal, details))
    if refusal.status == 403:
        return AttemptError(_forbidden(refusal, details))
    if refusal.status == 400:
        return AttemptError(_bad_request(refusal, details))
    if refusal.status == 404:
        return AttemptError(errors.NotFound(refusal.text or f"{refusal.path} does not exist", details=details))
    if refusal.status == 501:
        return AttemptError(_not_implemented(refusal, details))
    if refusal.status < 500:
        return AttemptError(errors.UnexpectedAnswer(_plain_message(refusal), details=details))
    rule = _matching(refusal.text)
    if rule is None:
        return AttemptError(errors.ServerError(_plain_message(refusal), details=details))
    return AttemptError(rule.error(refusal.text, hint=rule.hint, details=details), rule.again)


def redirected(refusal: Refusal, location: str) -> AttemptError:
    """Return the error for a redirect, which PVE itself only sends to plain HTTP on its TLS port."""
    return AttemptError(
        errors.UnexpectedAnswer(
            f"the server redirects to {readable(location) or 'another address'} instead of answering",
            hint="redirects are not followed with credentials: give the address that answers itself, usually https://HOST:8006",
            details={"status": refusal.status, "method": refusal.method, "path": refusal.path},
        )
    )


def error_text(reason: bytes, body: Json) -> tuple[str, dict[str, str]]:
    """Return the text of an error answer and its texts by parameter: the body's ``message`` first, else the reason.

    The reason phrase holds UTF-8 and only the first line; behind a proxy it is lost. Older PVE sends nothing else.
    """
    message: Json = None
    fields: dict[str, str] = {}
    if isinstance(body, dict):
        message = body.get("message")
        given = body.get("errors")
        if isinstance(given, dict):
            fields = {readable(key): readable(str(text)) for key, text in given.items()}
    text = message if isinstance(message, str) and message.strip() else reason.decode("utf-8", "replace")
    return readable(text), fields


def readable(text: str) -> str:
    """Return text of the server on one line, without control characters and of bounded length."""
    clean = "".join(char if char.isprintable() else " " for char in text[:_LONGEST])
    return " ".join(clean.split())


def _matching(text: str) -> _Rule | None:
    return next((rule for rule in _TEXTS if rule.pattern.search(text)), None)


def _plain_message(refusal: Refusal) -> str:
    return refusal.text or f"{refusal.method} {refusal.path}: the server answered {refusal.status} without a text"


def _node_silent(refusal: Refusal, details: dict[str, object]) -> AttemptError:
    node = node_of(refusal.path)
    reason = f": {refusal.text}" if refusal.text else ""
    if node is None:
        message = f"the cluster could not pass {refusal.path} on{reason}"
    else:
        details["node"] = node
        message = f"node {node} does not answer{reason}"
    hint = "pmpc cluster show says which nodes are online; --offline shows what was last seen"
    return AttemptError(errors.NodeUnreachable(message, hint=hint, details=details), Again.LATER)


def _unauthorised(refusal: Refusal, details: dict[str, object]) -> errors.AuthenticationError:
    reason = f": {refusal.text}" if refusal.text else ""
    hint = "check user, realm and password: pmpc workspace check" if refusal.who.startswith("the user ") else None
    return errors.AuthenticationError(f"the server does not accept {refusal.who}{reason}", hint=hint, details=details)


def _forbidden(refusal: Refusal, details: dict[str, object]) -> errors.PermissionDenied:
    if "not available with API token" in refusal.text:
        hint = "this call takes no API token: log in as a user with a password"
        return errors.PermissionDenied(refusal.text, hint=hint, details=details)
    match = _PERMISSION.search(refusal.text)
    if match is None:
        return errors.PermissionDenied(
            refusal.text or "the server denies permission",
            hint="pmpc access check shows what your credentials lack for reading",
            details=details,
        )
    where, privileges = match["path"], re.findall(r"[A-Za-z][\w.]*", match["privileges"] or "")
    details |= {"acl_path": where, "privileges": privileges}
    wanted = " or ".join(privileges) or "a privilege"
    return errors.PermissionDenied(
        f"{refusal.who} lacks {wanted} on {where}",
        hint=f"grant a role with it: pveum acl modify {where}; a token with privilege separation needs its own grant",
        details=details,
    )


def _bad_request(refusal: Refusal, details: dict[str, object]) -> errors.PmpcError:
    texts = "; ".join(f"{name}: {text}" for name, text in refusal.fields.items())
    rule = next((found for text in refusal.fields.values() if (found := _matching(text))), None)
    if rule is None or rule.error not in (errors.AlreadyExists, errors.NotFound, errors.PermissionDenied):
        message = f"the server refuses {texts}" if texts else _plain_message(refusal)
        return errors.InvalidValue(message, details=details)
    # A task or job that does not exist, a vmid that is taken and options of root alone are reported as bad parameters.
    return rule.error(texts, hint=rule.hint, details=details)


def _not_implemented(refusal: Refusal, details: dict[str, object]) -> errors.PmpcError:
    if "not implemented" in refusal.text or "no such uri" in refusal.text or not refusal.text:
        message = f"this Proxmox VE has no {refusal.method} {refusal.path}"
        return errors.NotFound(message, hint="it may be of another release, or the path is misspelt", details=details)
    return errors.UnexpectedAnswer(_plain_message(refusal), details=details)
