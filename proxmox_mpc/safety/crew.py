"""Several targets at once: a bounded number of threads, stages one after another, an end when it goes wrong."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from itertools import groupby

from proxmox_mpc.domain.plan import Lane, Probe, WriteOptions
from proxmox_mpc.errors import PmpcError, Refused
from proxmox_mpc.safety.lane import Halted, Operation, Outcome, Runner
from proxmox_mpc.safety.ports import Voice
from proxmox_mpc.safety.rows import row_of

DEFAULT_PARALLEL = 4
MOST_PARALLEL = 64
_OTHER_HANDLES = 40
"""File handles for all else: the database, connections that read, streams."""


def most_parallel() -> int:
    """Return for how many targets at a time there are file handles: each may hold a connection of its own."""
    import resource

    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if handles == resource.RLIM_INFINITY:
        return MOST_PARALLEL
    return max(1, min(MOST_PARALLEL, handles - _OTHER_HANDLES))


class Crew:
    """Runs the lanes of one operation; ``outcomes`` are those begun so far."""

    def __init__(self, operation: Operation, options: WriteOptions, voice: Voice, action: str) -> None:
        self._operation = operation
        self._options = options
        self._voice = voice
        self._action = action
        self._failures = 0
        self.outcomes: list[Outcome] = []

    def run(self, lanes: Sequence[Lane]) -> list[Outcome]:
        """Return how it went for each target, in the order given; those that were not begun are ``skipped``."""
        if len(lanes) == 1:
            return [self._alone(lanes[0])]
        ended: dict[int, Outcome] = {}
        for batch in self._batches(lanes):
            self._together(batch, ended)
            if self._operation.halt.is_set() or not self._healthy([ended[at] for at, _ in batch if at in ended]):
                break
        return [ended.get(at) or Outcome(lane) for at, lane in enumerate(lanes)]

    def _alone(self, lane: Lane) -> Outcome:
        runner = Runner(self._operation, lane)
        self.outcomes.append(runner.outcome)
        try:
            return runner.run()
        except BaseException:
            self._operation.leave.set()
            raise

    def _batches(self, lanes: Sequence[Lane]) -> Iterator[list[tuple[int, Lane]]]:
        """Yield what may run at the same time: targets of one stage, cut into the sizes of a staged roll-out.

        A size counts over the whole roll-out, so that it may span several stages.
        """
        sizes = iter(self._options.stages)
        room = next(sizes, None)
        for _, group in groupby(enumerate(lanes), key=lambda one: one[1].target.stage):
            left = list(group)
            while left:
                batch, left = left[:room], left[room:] if room is not None else []
                room = None if room is None else room - len(batch) or next(sizes, None)
                yield batch

    def _together(self, batch: Sequence[tuple[int, Lane]], ended: dict[int, Outcome]) -> None:
        done: queue.SimpleQueue[tuple[int, Outcome] | BaseException | None] = queue.SimpleQueue()
        waiting = iter(batch)
        taking = threading.Lock()

        def work() -> None:
            try:
                while not self._operation.halt.is_set() and not self._operation.leave.is_set():
                    with taking:
                        at, lane = next(waiting, (-1, None))
                    if lane is None:
                        break
                    runner = Runner(self._operation, lane)
                    self.outcomes.append(runner.outcome)
                    outcome = runner.run()
                    if outcome.error is not None:
                        with taking:
                            self._failed(outcome.error)
                    done.put((at, outcome))
            except Halted:
                pass
            except BaseException as error:  # noqa: BLE001
                # A mistake of ours in a thread must end the command, not vanish.
                done.put(error)
            finally:
                done.put(None)

        wanted = min(self._options.parallel or DEFAULT_PARALLEL, most_parallel(), len(batch))
        threads = [threading.Thread(target=work, name=f"pmpc-{number}") for number in range(wanted)]
        for thread in threads:
            thread.start()
        try:
            self._collect(done, len(threads), ended)
        except BaseException:
            self._operation.halt.set()
            self._operation.leave.set()
            raise
        finally:
            for thread in threads:
                thread.join()

    def _collect(
        self,
        done: queue.SimpleQueue[tuple[int, Outcome] | BaseException | None],
        threads: int,
        ended: dict[int, Outcome],
    ) -> None:
        while threads:
            came = done.get()
            if came is None:
                threads -= 1
            elif isinstance(came, BaseException):
                raise came
            else:
                at, outcome = came
                ended[at] = outcome
                self._voice.ended(row_of(self._action, outcome, self._operation.number))

    def _failed(self, error: PmpcError) -> None:
        self._failures += 1
        most = 0 if self._options.rollback else self._options.max_failures
        # What is refused to one, being frozen say, is refused to all.
        if isinstance(error, Refused) or (most is not None and self._failures > most):
            self._operation.halt.set()

    def _healthy(self, outcomes: Sequence[Outcome]) -> bool:
        """Between stages: whether all went well so far, and what was reached still holds."""
        if not self._options.stages:
            return True
        if any(one.error is not None for one in outcomes):
            return False
        for one in outcomes:
            for step in one.lane.steps:
                if isinstance(step, Probe) and one.status == "done":
                    found = step.check(self._operation.source, one.known)
                    if found is not None:
                        one.error = PmpcError(f"{step.says}: no longer, {found}")
                        one.status = "failed"
                        return False
        return True
