"""How a handler refuses: one exception with PVE's status, text and per-parameter errors."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """An answer that is no success.

    ``message`` is the body's text; PVE ends what its Perl code dies with by a newline. The reason phrase is its first
    line. ``empty`` answers without a body, as 401 and 595 do.
    """

    def __init__(
        self, status: int, message: str, errors: Mapping[str, str] | None = None, *, empty: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = dict(errors or {})
        self.empty = empty

    @property
    def reason(self) -> str:
        """The text for the status line."""
        return self.message.split("\n", 1)[0]


def failed(text: str) -> ApiError:
    """Return the 500 with which nearly every PVE method refuses."""
    return ApiError(500, f"{text}\n")


def invalid(errors: Mapping[str, str]) -> ApiError:
    """Return the 400 that names each bad parameter (PVE::Exception::raise_param_exc)."""
    return ApiError(400, "Parameter verification failed.\n", errors)


def forbidden(text: str) -> ApiError:
    """Return the 403 whose text is wrapped by ``Permission check failed (…)`` (PVE::Exception::raise_perm_exc)."""
    return ApiError(403, f"Permission check failed ({text})\n")


class TaskError(Exception):
    """A task's work ended with this text; the task records it as its exit status."""
