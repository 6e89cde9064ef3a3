"""Every error that pmpc reports: the class carries code, exit status and hint; only ``cli.main`` exits.

Exit statuses are a public contract (README.md) and are never renumbered; docs/troubleshooting.md covers every code.
"""

from __future__ import annotations

from collections.abc import Mapping


class PmpcError(Exception):
    """Base of everything that pmpc reports to its user.

    ``code`` is a stable name for programs, ``exit_status`` what the process ends with, ``hint`` says what to do next.
    ``details`` holds plain JSON values only, with no secret among them.
    """

    code = "error"
    exit_status = 1
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint
        self.details: dict[str, object] = dict(details or {})


# 2: the command line is wrong
class UsageError(PmpcError):
    """The command line, or a value on it, cannot be used."""

    code, exit_status = "usage", 2


class InvalidValue(UsageError):
    """The server refused parameters (HTTP 400); ``details["errors"]`` maps each to its text."""

    code = "invalid_value"


# 3: configuration, workspace, local state
class ConfigError(PmpcError):
    """config.yml, the environment or an option holds something that cannot be used."""

    code, exit_status = "config", 3


class WorkspaceError(ConfigError):
    """There is no workspace, or it cannot be used as it is."""

    code = "workspace"


class UntrustedWorkspace(WorkspaceError):
    """The workspace names a command to run, and the user has not trusted it."""

    code = "untrusted"
    hint = "look at the command in .proxmox/config.yml, then run: pmpc workspace trust"


class SecretError(ConfigError):
    """A secret's source gave nothing."""

    code = "secret"


class ManifestError(ConfigError):
    """A file below infra/ cannot be used as it is.

    ``details`` has ``file`` (relative to infra/), ``line`` and ``column`` (from 1, None where there is none), ``key``
    and ``value``; the hint is the remedy.
    """

    code = "manifest"

    def __init__(
        self,
        problem: str,
        *,
        file: str,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        value: str | None = None,
        remedy: str | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        shown = value if value is None or len(value) <= 80 else f"{value[:79]}…"
        details = {"file": file, "line": line, "column": column, "key": key, "value": shown}
        super().__init__(f"{place}: {problem}", hint=remedy, details=details)
        self.file, self.line, self.column, self.key, self.problem = file, line, column, key, problem


class StateError(PmpcError):
    """The local database cannot be used."""

    code, exit_status = "state", 3


class StateTooNew(StateError):
    """The database was written by a newer pmpc."""

    code = "state_newer"
    hint = "use the newer pmpc that wrote it, or restore the copy in .proxmox/backups/"


class StateDamaged(StateError):
    """The database failed its integrity check."""

    code = "state_damaged"


class NotRecorded(StateError):
    """The database does not hold what was asked for."""

    code = "not_recorded"
    hint = "run: pmpc sync pull"


class WrongCluster(ConfigError):
    """Another cluster answers than the one this workspace belongs to."""

    code = "wrong_cluster"


# 4: authentication, permission
class AuthenticationError(PmpcError):
    """The server does not accept the credentials (HTTP 401)."""

    code, exit_status = "authentication", 4
    hint = "check token id and secret: pmpc workspace check"


class PermissionDenied(PmpcError):
    """The credentials lack a privilege (HTTP 403)."""

    code, exit_status = "permission", 4


# 5: not found
class NotFound(PmpcError):
    """What was named does not exist."""

    code, exit_status = "not_found", 5


# 6: conflicts
class Conflict(PmpcError):
    """The state of the object does not allow it: in use, changed by somebody else, already there."""

    code, exit_status = "conflict", 6


class Locked(Conflict):
    """The guest or file is locked."""

    code = "locked"


class AlreadyExists(Conflict):
    """The id or name is taken."""

    code = "already_exists"


class SyncConflict(Conflict):
    """Manifests and cluster were both changed; ``details`` has ``conflicts``, and what was ``done`` besides."""

    code = "sync_conflict"


class NoQuorum(Conflict):
    """The cluster has lost its quorum: it answers reads and refuses every write."""

    code = "no_quorum"
    hint = "bring back nodes until more than half of the votes are there: pvecm status"


# 7: unreachable, TLS, timeouts
class Unreachable(PmpcError):
    """No endpoint answers, or the connection broke."""

    code, exit_status = "unreachable", 7


class NodeUnreachable(Unreachable):
    """The cluster answers, the node does not (HTTP 595, 596)."""

    code = "node_unreachable"


class TlsError(Unreachable):
    """The server's certificate cannot be accepted."""

    code = "tls"


class FingerprintMismatch(TlsError):
    """The certificate is not the one that was pinned; ``details`` has ``expected`` and ``actual``."""

    code = "fingerprint"


class RequestTimeout(Unreachable):
    """No answer in time; whether a write was done is unknown."""

    code = "timeout"


class WaitExpired(RequestTimeout):
    """The task or state that was waited for has not come yet; ``details["upid"]`` resumes the wait."""

    code = "wait_expired"


class ServerBusy(Unreachable):
    """The server keeps answering that it is too busy (HTTP 5xx after retries)."""

    code = "busy"


# 8: done, but failed
class ServerError(PmpcError):
    """The server tried and failed (HTTP 500 with a text of its own)."""

    code, exit_status = "server", 8


class UnexpectedAnswer(ServerError):
    """The answer is not what the API promises."""

    code = "unexpected_answer"


class TaskFailed(PmpcError):
    """A task ended with an error; ``details`` has ``upid`` and ``exitstatus``."""

    code, exit_status = "task_failed", 8


class CheckFailed(PmpcError):
    """A check of pmpc's surroundings failed; ``details`` has the ``failed`` checks and the ``cause``'s code."""

    code, exit_status = "check_failed", 8


class PartFailed(PmpcError):
    """Several targets, and not all of them went well; ``details`` has ``failed`` and ``operation``."""

    code, exit_status = "part_failed", 8


class Stopped(PmpcError):
    """Nothing further was sent, because something else of the same command went wrong."""

    code, exit_status = "stopped", 8


class ChangedMeanwhile(TaskFailed):
    """A task found that somebody else had changed what it was to change: a conflict, told by the task."""

    code, exit_status = "changed_meanwhile", 6


# 9: refused
class Refused(PmpcError):
    """Safety policy, or a missing confirmation, forbids it."""

    code, exit_status = "refused", 9


class Frozen(Refused):
    """``pmpc safety freeze`` stopped every write."""

    code = "frozen"
    hint = "see: pmpc safety show; lift it with: pmpc safety thaw"


class Interrupted(PmpcError):
    """The user stopped waiting; what was sent goes on. ``details["upids"]`` are the tasks that still run."""

    code, exit_status = "interrupted", 130


# Not errors but endings of a command that printed what it has.
EXIT_DIFFERENCES = 10
EXIT_PARTIAL = 11
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
