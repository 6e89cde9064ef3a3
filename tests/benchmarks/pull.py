"""One process of the pull benchmark, reached by the environment: ``pull``, ``bare``, ``trace``, ``touch``.

``trace DB LOG`` pulls and notes the requests and counts statements; ``bare LOG`` sends the same requests and drops the
answers; ``pull DB`` pulls, and prints what it wrote; ``touch SEED`` changes one guest in a hundred.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from proxmox_mpc.api import Api, connect
from proxmox_mpc.api.trace import Exchange, Trace
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.json import as_rows
from proxmox_mpc.domain.source import Query, api_path
from proxmox_mpc.workspace.settings import resolve

CHUNK = 256


def client(trace: Trace | None = None) -> Api:
    """Return the client that the environment describes."""
    settings = resolve(environ=os.environ, cwd=Path.cwd(), home=Path.home(), uid=os.getuid(), no_input=True)
    return connect(settings.connection, trace=trace)


def pull(database: Path, trace: Trace | None = None, *, count: bool = False) -> dict[str, int]:
    """Pull into ``database``; returns how many objects were seen to change and how many statements were run."""
    from sqlalchemy import event

    from proxmox_mpc.services.pull import pull as run
    from proxmox_mpc.state.store import StateStore

    statements = 0

    def counted(*_: object) -> None:
        nonlocal statements
        statements += 1

    with client(trace) as api, StateStore.open(database) as store:
        if count:
            event.listen(store._engine, "before_cursor_execute", counted)
        report = run(api, store)
    return {"changes": len(report.changes), "statements": statements}


def bare(log: Path) -> None:
    """Send the requests of a pull, decode the answers, and drop them."""
    queries = [Query(path, dict(params)) for path, params in json.loads(log.read_text())["queries"]]
    with client() as api:
        for start in range(0, len(queries), CHUNK):
            api.read_many(queries[start : start + CHUNK])


def trace(database: Path, log: Path) -> None:
    """Pull once more, with every request noted."""
    queries: list[tuple[str, list[tuple[str, str]]]] = []

    def note(exchange: Exchange) -> None:
        url = urlsplit(exchange.url)
        queries.append((url.path.removeprefix("/api2/json"), parse_qsl(url.query) or list(exchange.params.items())))

    found = pull(database, note, count=True)
    log.write_text(json.dumps({"queries": queries, "statements": found["statements"]}))


def touch(seed: int) -> None:
    """Change the description of one guest in a hundred."""
    with client() as api:
        guests = [row for row in as_rows(api.read("/cluster/resources")) if row["type"] in ("qemu", "lxc")]
        for row in random.Random(seed).sample(guests, len(guests) // 100):
            path = api_path("nodes", str(row["node"]), str(row["type"]), str(row["vmid"]), "config")
            api.send(Call("PUT", path, {"description": f"changed {seed}"}))


def main(argv: list[str]) -> None:
    """Do what the first argument says."""
    match argv:
        case ["pull", database]:
            print(json.dumps(pull(Path(database))))
        case ["bare", log]:
            bare(Path(log))
        case ["trace", database, log]:
            trace(Path(database), Path(log))
        case ["touch", seed]:
            touch(int(seed))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
