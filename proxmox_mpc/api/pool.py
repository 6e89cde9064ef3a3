"""A bounded pool of threads that keeps the order of what it is given."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered(work: Callable[[T], R], items: Sequence[T], parallel: int) -> list[R]:
    """Return ``work`` of every item in the items' order, ``parallel`` at once.

    The first exception ends it and is raised; so does Ctrl-C, without waiting for requests that are under way.
    """
    if len(items) <= 1 or parallel <= 1:
        return [work(item) for item in items]
    done: dict[int, R] = {}
    failures: list[BaseException] = []
    turn = itertools.count()
    ended = threading.Event()

    def run() -> None:
        try:
            # next() of a count is one step of the interpreter: no two threads get the same number.
            while not ended.is_set() and (index := next(turn)) < len(items):
                done[index] = work(items[index])
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that asked
            failures.append(error)
            ended.set()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(parallel, len(items)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        ended.set()
    if failures:
        raise failures[0]
    return [done[index] for index in range(len(items))]
