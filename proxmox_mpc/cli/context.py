"""Everything one run of a command needs, built when it is first used; passed along, never global."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.cli.options import FORMATS, Options
from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.shape import Shape
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import ConfigError, PmpcError, StateError
from proxmox_mpc.output.render import View, render
from proxmox_mpc.output.result import Result
from proxmox_mpc.output.streams import Streams, event_line

if TYPE_CHECKING:
    from ssl import SSLContext
    from threading import Event

    from httpx import BaseTransport, Limits

    from proxmox_mpc.api import Api, Exchange
    from proxmox_mpc.cli.door import Door
    from proxmox_mpc.cli.verbs import Verb
    from proxmox_mpc.domain.connection import Connection
    from proxmox_mpc.domain.moments import Now
    from proxmox_mpc.state import RecordedSource, StateStore
    from proxmox_mpc.state.journal import Journal
    from proxmox_mpc.state.server import Server
    from proxmox_mpc.workspace.settings import Settings

_TRUE = ("1", "true", "yes", "on")
_AT_ONCE = frozenset({"env", "file", "keyring"})
"""Sources of a secret that take no time and ask nobody."""


class Rehearsal(NamedTuple):
    """A simulated cluster in memory: its client, what of it is assumed, its time, and how that passes."""

    api: Api
    assumed: tuple[str, ...]
    now: Now
    pause: Callable[[float, Event], None]


class Context:
    """The options of the command line, the streams, and the heavy parts, each made once and when needed."""

    def __init__(self, streams: Streams, environ: Mapping[str, str], cwd: Path | None = None) -> None:
        self.streams = streams
        self.environ = environ
        self.cwd = cwd or Path.cwd()
        self.options = Options()
        self.wall: Now = time.time
        self.now: Now = self.wall
        self.sleep = time.sleep
        self.clock = time.monotonic
        self.pause = pause
        self.command = "pmpc"
        self._run_id = ""

    # What the options say about output

    @property
    def format(self) -> str:
        """table, json or yaml; what the configuration says counts for commands that look at it."""
        chosen = self.options.output or self.environ.get("PMPC_OUTPUT")
        if not chosen and "settings" in self.__dict__:
            chosen = self.settings.text("defaults.output")
        chosen = chosen or "table"
        if chosen not in FORMATS:
            raise ConfigError(f"PMPC_OUTPUT: {chosen!r} is not one of {', '.join(FORMATS)}")
        return chosen

    @property
    def view(self) -> View:
        """What the options ask of the output."""
        options = self.options
        return View(
            format=self.format,
            query=options.query,
            columns=options.columns,
            filters=options.filter,
            sort=options.sort,
            header=not options.no_header,
            wide=options.wide,
        )

    @property
    def allow_partial(self) -> bool:
        """Whether a partial answer ends with 0."""
        return bool(self.options.allow_partial) or self.environ.get("PMPC_ALLOW_PARTIAL", "").lower() in _TRUE

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return not self.options.no_input and self.streams.interactive

    # Output

    def show(self, shape: Shape, result: Result, *, line: bool = False) -> None:
        """Print a result now: what a verb returns, or each answer of one that runs on; ``line``: JSON on one line."""
        render(result, shape, self.view._replace(line=line), self.streams)

    def warn(self, warn: Warn) -> None:
        """Say a warning on stderr and in the log."""
        self.log("warning", code=warn.code, message=warn.message)
        self.streams.warn(warn)

    def log(self, event: str, **values: Json) -> None:
        """Append one line to --log-file, with the run's id and the time; raises ConfigError where it cannot."""
        if self.options.log_file is None:
            return
        from proxmox_mpc.domain.moments import iso

        self._run_id = self._run_id or os.urandom(8).hex()
        path = self.cwd / self.options.log_file
        try:
            # Paths and names of a cluster are nobody else's business.
            with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(event_line(event, run=self._run_id, time=iso(self.wall()), **values) + "\n")
        except OSError as error:
            self.options.log_file = None
            raise ConfigError(f"--log-file: cannot write {str(path)!r}: {error.strerror}") from error

    def trace(self, exchange: Exchange) -> None:
        """Show one request (-vv) and log it; the API layer has left every secret out."""
        self.log(
            "request",
            method=exchange.method,
            url=exchange.url,
            status=exchange.status,
            ms=round(exchange.ms, 1),
            params=dict(exchange.params),
            error=exchange.error,
        )
        if self.options.verbose >= 2:
            came = f"{exchange.status}" if exchange.error is None else exchange.error
            sent = "".join(f" {key}={value}" for key, value in exchange.params.items())
            self.streams.trace(
                f"{exchange.method} {exchange.url}{sent} -> {came} ({exchange.ms:.0f} ms, {exchange.size} B)"
            )

    # What commands work with

    @cached_property
    def settings(self) -> Settings:
        """Workspace, connection and defaults, from options, environment and configuration."""
        from proxmox_mpc.workspace.settings import resolve

        options = self.options
        settings = resolve(
            environ=self.environ,
            cwd=self.cwd,
            home=self.home,
            uid=os.getuid(),
            workspace=options.workspace,
            output=options.output,
            request_timeout=options.request_timeout,
            no_input=options.no_input,
            ask=self.streams.ask_secret if self.interactive else None,
            simulated=door_token,
        )
        if settings.text("defaults.output") != "table":
            self.streams.machine = True
        for warn in settings.warnings:
            self.warn(warn)
        return settings

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return Path(self.environ.get("HOME") or Path.home())

    @cached_property
    def api(self) -> Api:
        """The client of the live server."""
        return self.connect_to(self.settings.connection, self.settings.simulated_worlds)

    def connect_to(self, connection: Connection, worlds: Path) -> Api:
        """Return a client; a sim:// endpoint is answered in this process, its world kept in ``worlds``."""
        from proxmox_mpc.api import connect

        def simulated(url: str, _tls: SSLContext | None, _limits: Limits) -> BaseTransport:
            from proxmox_mpc.simulator.storing import DamagedWorld
            from proxmox_mpc.simulator.transport import connect

            try:
                return connect(url, worlds)
            except DamagedWorld as error:
                hint = "remove the file, and the simulated cluster begins anew; or restore: pmpc workspace backups"
                raise StateError(f"{url}: {error}", hint=hint) from error
            except ValueError as error:
                raise ConfigError(f"{url}: {error}", hint="worlds: homelab, datacenter:NODES:GUESTS:SEED") from error
            except OSError as error:
                raise StateError(
                    f"the simulated world cannot be kept in {worlds}: {error.strerror}",
                    hint="check owner, mode and space",
                ) from error

        inside = any(endpoint.startswith("sim://") for endpoint in connection.endpoints)
        wanted = self.options.verbose >= 2 or self.options.log_file is not None
        return connect(
            connection,
            transport=simulated if inside else None,
            trace=self.trace if wanted else None,
        )

    def rehearse(self, documents: Mapping[str, Json]) -> Rehearsal:
        """Return a simulated cluster that answers as these documents do, by path; what is done to it is done nowhere.

        Its time passes where somebody waits, and at once.
        """
        from proxmox_mpc.api import connect
        from proxmox_mpc.domain.connection import Connection, Secret, Token
        from proxmox_mpc.simulator import access_for
        from proxmox_mpc.simulator.clock import ManualClock
        from proxmox_mpc.simulator.core import Simulator
        from proxmox_mpc.simulator.seeding import world_from
        from proxmox_mpc.simulator.transport import SimTransport

        clock = ManualClock(self.wall())
        world, assumed = world_from(documents, int(clock.now()))
        token_id, secret = access_for(world)
        door = SimTransport(Simulator(world, clock), None)
        connection = Connection(("sim://trial",), Token(token_id, lambda: Secret(secret)))
        api = connect(connection, transport=lambda _url, _tls, _limits: door, clock=clock.now, sleep=clock.sleep)
        return Rehearsal(api, assumed, clock.now, lambda seconds, _until: clock.sleep(seconds))

    @cached_property
    def recorded(self) -> RecordedSource:
        """The database, read as if it were a server; with --at as it was then."""
        from proxmox_mpc.state.recorded import RecordedSource

        at = None
        if self.options.at is not None:
            from proxmox_mpc.domain.moments import moment

            at = moment(self.options.at, "--at", self.wall)
        return RecordedSource(self.place, at=at, now=self.wall)

    def go_back(self) -> None:
        """Take the moment of --at for the present: the database answers as it was, and ages are those of then."""
        from proxmox_mpc.domain.moments import epoch

        as_of = self.recorded.as_of
        assert as_of is not None
        present = epoch(as_of.finished)
        self.options.offline = True
        self.now = lambda: present
        self.streams.note(f"as run {as_of.run} recorded it, {as_of.finished}")
        if as_of.outcome == "partial":
            self.warn(
                Warn(
                    "partial_run",
                    f"run {as_of.run} could not read everything: what it did not see is as it was last seen before",
                    hint=f"pmpc sync show {as_of.run}",
                    details={"run": as_of.run},
                )
            )

    @cached_property
    def store(self) -> StateStore:
        """The database, for writing."""
        from proxmox_mpc.state.store import StateStore

        return StateStore.open(self.place)

    @cached_property
    def place(self) -> Path | Server:
        """Where the database is: the SQLite file, or the server that state.url names; nothing is connected to."""
        location = self.settings.state
        if location.url is None:
            return location.path
        from proxmox_mpc.domain.cluster_identity import Identity
        from proxmox_mpc.state.server import Server

        identity = self.settings.identity
        if identity is None:
            raise ConfigError(
                "state.url: a database on a server belongs to one cluster, and none is named here to compare with",
                hint="use a workspace that is bound to its cluster: pmpc workspace init",
            )
        return Server(location.url, location.password, Identity.of_data(identity))

    @property
    def database(self) -> Path:
        """The SQLite file of the recorded state, for what only a file can do; raises ConfigError for a server."""
        place = self.place
        if not isinstance(place, Path):
            raise ConfigError(
                f"the database {place.where} is on a server: this works on the file of a workspace only",
                hint="the server's own tools do it: pg_dump, pg_restore",
            )
        return place

    @property
    def own_files(self) -> Path:
        """The directory of what stays here wherever the database is: the brake, audit.head."""
        return self.settings.state.path.parent

    @property
    def has_database(self) -> bool:
        """Whether there may be something in the database; of a server that is not asked."""
        place = self.place
        return not isinstance(place, Path) or place.exists()

    @property
    def source(self) -> Source:
        """What read commands read from: the server, or with --offline the database."""
        return self.recorded if self.options.offline else self.live

    @cached_property
    def live(self) -> Source:
        """What changes are planned on: the live server; with --declare guests are as their manifests say."""
        if not self.options.declare:
            return self.bound
        from proxmox_mpc.cli.commands.sync_args import session_of
        from proxmox_mpc.services.declaring import DeclaredSource

        return DeclaredSource(self.bound, session_of(self))

    @cached_property
    def bound(self) -> Source:
        """The live server, once it was recognised as the cluster that the workspace belongs to."""
        settings = self.settings
        if settings.workspace is None or settings.identity is None:
            return self.api
        from proxmox_mpc.services.identity import BoundSource, Identity, Proof

        file = settings.workspace.cache / "identity.json"
        return BoundSource(self.api, Proof(file, Identity.of_data(settings.identity), settings.connection))

    @cached_property
    def guard(self) -> Door:
        """The one way to change the cluster: ``guard.run(plan)``."""
        if self.options.declare:
            from proxmox_mpc.cli.declare_door import DeclareDoor

            return DeclareDoor(self)
        from proxmox_mpc.cli.door import open_door

        return open_door(self)

    @cached_property
    def journal(self) -> Journal:
        """What pmpc has changed here; raises StateError where it cannot be written."""
        from proxmox_mpc.state.journal import Journal

        return Journal(self.store, self.own_files, self.now)

    def known_names(self, kind: str) -> Sequence[tuple[str, str]]:
        """Return (name, help) of the objects of a kind that the database knows; guests have two names."""
        from proxmox_mpc.state.light import names

        source = self.settings.value("state.password")
        if isinstance(source, dict) and not _AT_ONCE.issuperset(source) and self.settings.text("state.url"):
            return ()  # nobody is asked for a password, and no command is run for one, by pressing a key
        known = names(self.place, kind)
        if kind not in ("guest", "vm", "ct"):
            return known
        return [*known, *((text.split(" (")[0], vmid) for vmid, text in known if text)]

    def completed(self, verb: Verb, result: Result) -> Result:
        """Add to an empty list why it may be empty: a token that may not look sees nothing, and gets no error."""
        if verb.audit is None or result.data != [] or "live" not in self.__dict__:
            return result
        from proxmox_mpc.services.visibility import blindness

        warn = blindness(self.live, verb.audit, self.settings.connection.holder)
        if warn is None:
            return result
        return result._replace(warnings=(*result.warnings, warn), partial=True)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("api", "recorded", "store"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                try:
                    part.close()
                except PmpcError as error:
                    self.streams.error(error.code, error.message, error.hint, error.details)


def pause(seconds: float, until: Event) -> None:
    """Wait, or until something has happened."""
    until.wait(seconds)


def door_token(_url: str) -> tuple[str, str]:
    """Return id and secret of the token that every simulated world holds ready."""
    from proxmox_mpc.simulator.world import DOOR_SECRET, DOOR_TOKEN_ID

    return DOOR_TOKEN_ID, DOOR_SECRET
