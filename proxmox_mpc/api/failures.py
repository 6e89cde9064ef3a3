"""What a broken connection means: one table from the exceptions of httpx to errors of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from proxmox_mpc.api.retry import Again, AttemptError
from proxmox_mpc.errors import ConfigError, PmpcError, RequestTimeout, TlsError, UnexpectedAnswer, Unreachable

# PVE holds every 401 back for this long.
_DELAY_OF_401 = 3.0


class NoConnectionError(Exception):
    """No connection came about, so nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextmanager
def failures(endpoint: str, method: str, path: str, connect: float, timeout: float) -> Iterator[None]:
    """Turn what httpx raises into AttemptError and NoConnectionError, most specific first; times are in seconds."""
    import httpx

    details = {"endpoint": endpoint, "method": method, "path": path}
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise NoConnectionError(f"no connection within {connect:g} s") from error
    except httpx.ConnectError as error:
        raise _not_connected(endpoint, error) from error
    except httpx.TimeoutException as error:
        message = f"{endpoint} gave no answer to {method} {path} within {timeout:g} s"
        hint = "allow more time: --request-timeout SECONDS"
        if timeout <= _DELAY_OF_401:
            hint += f"; wrong credentials are answered only after {_DELAY_OF_401:g} s"
        raise AttemptError(RequestTimeout(message, hint=hint, details=details)) from error
    except httpx.DecodingError as error:
        raise AttemptError(UnexpectedAnswer("the answer's compression is broken", details=details)) from error
    except httpx.LocalProtocolError as error:
        raise AttemptError(ConfigError("the credentials hold characters that no header can carry")) from error
    except httpx.RemoteProtocolError as error:
        raise AttemptError(_broken_off(endpoint, str(error), details), Again.AT_ONCE) from error
    except httpx.TransportError as error:
        message = f"the connection to {endpoint} broke: {_reason(error)}"
        raise AttemptError(Unreachable(message, details=details), Again.AT_ONCE) from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _reason(error: BaseException) -> str:
    """Return the operating system's own words where there are any."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(error) or type(error).__name__


def _not_connected(endpoint: str, error: BaseException) -> Exception:
    import ssl

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return AttemptError(
                TlsError(
                    f"the certificate of {endpoint} is not trusted: {cause.verify_message}",
                    hint="pin its fingerprint (tls.fingerprint), or trust the cluster's CA, /etc/pve/pve-root-ca.pem"
                    " (tls.ca_file)",
                    details={"endpoint": endpoint},
                )
            )
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return AttemptError(
                TlsError(
                    f"no TLS connection to {endpoint}: {cause.reason or cause}",
                    hint="is this the address of a Proxmox VE server? It listens on port 8006",
                    details={"endpoint": endpoint},
                )
            )
    return NoConnectionError(_reason(error))


def _broken_off(endpoint: str, text: str, details: Mapping[str, str]) -> PmpcError:
    if "disconnected" in text:
        hint = "check that pveproxy runs well there: journalctl -u pveproxy"
        return Unreachable(f"{endpoint} closed the connection without an answer", hint=hint, details=details)
    if "incomplete" in text or "without sending complete" in text:
        hint = "something between here and the server ends connections early, or pveproxy was restarted: try again"
        return Unreachable(f"the answer of {endpoint} was cut off", hint=hint, details=details)
    return UnexpectedAnswer(f"{endpoint} does not answer in HTTP: {text}", details=details)


def unreachable(unreached: Mapping[str, str]) -> Unreachable:
    tried = ", ".join(f"{endpoint} ({reason})" for endpoint, reason in unreached.items())
    message = f"no endpoint answers: {tried}" if len(unreached) > 1 else f"no answer from {tried}"
    return Unreachable(
        message,
        hint="check address and port (Proxmox VE listens on 8006), the network, and that pveproxy runs there",
        details={"endpoints": dict(unreached)},
    )
