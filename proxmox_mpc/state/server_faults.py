"""What PostgreSQL says, told as what happened and what to do. Nothing of it holds a password."""

from __future__ import annotations

from proxmox_mpc.errors import (
    AuthenticationError,
    ConfigError,
    Locked,
    PermissionDenied,
    PmpcError,
    StateDamaged,
    StateError,
    TlsError,
    Unreachable,
)

# A refused connection carries no SQLSTATE (libpq keeps only the text), and the server speaks its own language: what is
# not recognised here counts as unreachable, with the server's words.
_CREDENTIALS = (
    "authentication failed",
    "no password supplied",
    "password authentication",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "permission denied for database",
)
_GRANT = "let the owner of the database run the command, or: GRANT CREATE, USAGE ON SCHEMA public TO …"


def refusal(error: Exception, where: str) -> PmpcError:
    """Return the error that stands for a connection that was not made (a ``psycopg.Error``)."""
    said = _said(error)
    lowered = said.lower()
    if type(error).__name__ == "ProgrammingError":  # the URL was not even understood
        return ConfigError(f"state.url: {said}", hint="postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full")
    unknown_role = 'role "' in lowered and "does not exist" in lowered
    if unknown_role or any(words in lowered for words in _CREDENTIALS) or _needs_password(error):
        return AuthenticationError(
            f"the database {where} refuses to let you in: {said}",
            hint="check the user in state.url and the source of its password: pmpc workspace config get state.password",
        )
    if 'database "' in lowered and "does not exist" in lowered:
        return StateError(f"there is no database {where}", hint="its owner makes it: createdb --encoding UTF8 NAME")
    if "ssl" in lowered or "certificate" in lowered:
        return TlsError(
            f"no trusted connection to the database {where}: {said}",
            hint="sslmode, sslrootcert, sslcert and sslkey in state.url say what is accepted",
        )
    return Unreachable(f"the database {where} cannot be reached: {said}", hint="check host and port in state.url")


def server_fault(error: BaseException | None, where: str) -> PmpcError:
    """Return the error that stands for a statement that failed (a ``psycopg.Error``)."""
    state = getattr(error, "sqlstate", None) or ""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    said = str(primary) if primary else _said(error)
    if state == "55P03":
        return Locked(f"another process keeps the database {where} locked", hint="try again when it is done")
    if state in ("53100", "53200"):
        return StateError(
            f"no space left on the server of the database {where}", hint="free some there; nothing was changed"
        )
    if state in ("42501", "3F000"):
        return PermissionDenied(f"the database {where} does not allow it: {said}", hint=_GRANT)
    if state == "25006":
        return StateError(
            f"the database {where} can only be read", hint="is it a standby? target_session_attrs=read-write finds more"
        )
    if state.startswith("XX00"):
        return StateDamaged(f"the database {where} is damaged: {said}", hint="restore it from a backup of the server")
    if not state or state.startswith(("08", "57P", "53")):
        return Unreachable(f"the connection to the database {where} broke: {said}", hint="try again")
    return StateError(f"the database {where} cannot be used: {said}")


def _needs_password(error: Exception) -> bool:
    return bool(getattr(getattr(error, "pgconn", None), "needs_password", False))


def _said(error: BaseException | None) -> str:
    words = " ".join(str(error).split())
    return words.removeprefix("connection failed: ").removeprefix("connection is bad: ")
