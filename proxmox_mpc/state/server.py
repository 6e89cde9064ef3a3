"""A PostgreSQL server in place of the file: how it is reached. The driver is loaded when it is first connected to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.domain.cluster_identity import Identity, same_cluster
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import PmpcError, StateError, WrongCluster
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.server_faults import refusal, server_fault

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_SECONDS = 10
LOCK_SECONDS = 30
"""How long to wait for another writer, as on SQLite."""
CLUSTER = "cluster"
"""The row of ``state_meta`` that names the cluster whose state the database holds."""
_OLDEST = 140000
# What a connection needs whatever the server's defaults are: an idle one holds locks and must not be cut off, and the
# locks of a machine that has vanished must not outlive it by hours.
_SETTINGS = (
    f"SET lock_timeout = '{LOCK_SECONDS}s'; SET idle_session_timeout = 0; SET tcp_keepalives_idle = 30; "
    "SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)


class Server(NamedTuple):
    """A database on a server: its URL, which holds no password, where the password is from, and whose state it is."""

    url: str
    password: Callable[[], Secret] | None
    identity: Identity

    @property
    def where(self) -> str:
        """The database as messages name it."""
        return self.url.partition("?")[0]

    def prove_mine(self, known: str) -> None:
        """Compare with the cluster that the database names as its own; raises WrongCluster."""
        owner = Identity.of_data(json.loads(known))
        if not same_cluster(owner, self.identity):
            raise WrongCluster(
                f"the database {self.where} holds the state of another cluster: it belongs to {owner.describe()}, "
                f"and this workspace to {self.identity.describe()}",
                hint="name a database of its own in state.url: a database belongs to one cluster",
                details={"expected": owner.to_data(), "actual": self.identity.to_data()},
            )


def require_driver() -> None:
    """Raise StateError where the driver is not installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise StateError(
            "state.url names a PostgreSQL database, and its driver is not installed",
            hint="pip install 'proxmox-mpc[postgresql]'",
        ) from None


def connect(server: Server, seconds: int = CONNECT_SECONDS) -> Connection[tuple[object, ...]]:
    """Return a new connection that commits each statement.

    Raises StateError (no driver, no such database, a server that is too old), ConfigError (the URL),
    AuthenticationError, TlsError, Unreachable, SecretError.
    """
    require_driver()
    import psycopg
    from psycopg import conninfo

    # Others are told by its name who holds a lock; the server keeps 63 bytes of it.
    options = {"application_name": f"pmpc {os.getpid()} {caller()}", "client_encoding": "utf8"}
    if server.password is not None:
        options["password"] = server.password().reveal()
    failed: PmpcError
    try:
        url = f"postgresql://{server.url.partition('://')[2]}"
        options["connect_timeout"] = str(conninfo.conninfo_to_dict(url).get("connect_timeout") or seconds)
        connection = psycopg.connect(conninfo.make_conninfo(url, **options), autocommit=True)
    except psycopg.Error as error:
        failed = refusal(error, server.where)
    else:
        try:
            _prepare(connection, server.where)
            return connection
        except psycopg.Error as error:
            failed = server_fault(error, server.where)
            connection.close()
        except PmpcError:
            connection.close()
            raise
    # Outside of the handler: the driver's exception knows the password, and must not travel along as its context.
    raise failed


def _prepare(connection: Connection[tuple[object, ...]], where: str) -> None:
    found = connection.info
    if found.server_version < _OLDEST:
        raise StateError(f"the server of {where} is PostgreSQL {found.server_version // 10000}: 14 is the oldest known")
    if found.parameter_status("server_encoding") != "UTF8":
        raise StateError(
            f"the database {where} is not encoded in UTF-8", hint="createdb --template template0 --encoding UTF8 NAME"
        )
    connection.execute(_SETTINGS)
