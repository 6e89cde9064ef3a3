"""argv in, exit status out: the one place that turns errors and results into output and a status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from typer.exceptions import Abort, TyperException

from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import Outcome, PmpcGroup, group_of
from proxmox_mpc.errors import (
    EXIT_DIFFERENCES,
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    EXIT_TERMINATED,
    PmpcError,
    StateError,
    UsageError,
)
from proxmox_mpc.output.streams import Streams

if TYPE_CHECKING:
    from pathlib import Path


class Terminated(BaseException):
    """SIGTERM arrived; unwinding lets every open transaction and file end in order."""


def root_group() -> PmpcGroup:
    """Return the root of the command tree, ready to parse."""
    from typer.core import TyperOption

    from proxmox_mpc.cli.app import ROOT

    root = group_of("pmpc", ROOT)
    root.params.append(
        TyperOption(
            param_decls=["version", "--version", "-V"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="show the version",
            show_default=False,
        )
    )
    return root


def _version(ctx: object, param: object, value: object) -> None:
    if value:
        from typer import Exit

        from proxmox_mpc._version import __version__

        sys.stdout.write(f"pmpc {__version__}\n")
        raise Exit(0)


def run(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    streams: Streams | None = None,
) -> int:
    """Run one command line and return its exit status; output goes to ``streams``."""
    environ = os.environ if environ is None else environ
    streams = streams or Streams.of_process()
    streams.machine = _machine_output(argv, environ)
    streams.colour = "never" if environ.get("NO_COLOR") else "auto"
    context = Context(streams, environ, cwd)
    if argv[:1] == ["__complete"]:
        return _complete(argv[1:], context)
    previous = _on_sigterm()
    try:
        return _run(argv, context)
    except BrokenPipeError:
        # The reader has what it wanted (`| head`). Python would complain once more when it flushes at exit.
        _silence(streams)
        return 0
    finally:
        context.close()
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _run(argv: Sequence[str], context: Context) -> int:
    streams = context.streams
    try:
        if not argv:
            argv = ["--help"]
        outcome = root_group().main(args=list(argv), prog_name="pmpc", standalone_mode=False, obj=context)
        if isinstance(outcome, Outcome):
            return _finish(outcome, context)
        status = outcome if isinstance(outcome, int) else 0
        if status == EXIT_INTERRUPTED:
            streams.error("interrupted", "interrupted", None, {})
        return status
    except PmpcError as error:
        return _report(error, context)
    except TyperException as error:
        return _report(_usage(error), context)
    except Terminated:
        streams.error("terminated", "terminated", None, {})
        return EXIT_TERMINATED
    except (KeyboardInterrupt, Abort):
        streams.error("interrupted", "interrupted", None, {})
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except SystemExit as end:
        # Typer ends the process itself when the reader of its help has gone away.
        raise BrokenPipeError from end
    except OSError as error:
        _silence(streams)
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        return _report(StateError(f"this machine refused: {what}", hint=_REMEDIES.get(error.errno or 0)), context)
    except Exception as error:  # noqa: BLE001 - whatever is left is a mistake of ours, told as one
        return _bug(error, context)


_REMEDIES = {
    errno.ENOSPC: "free some space on that disk; what was there before is unchanged",
    errno.EDQUOT: "free some of your disk quota; what was there before is unchanged",
    errno.EROFS: "the file system is mounted read-only",
    errno.EACCES: "check owner and mode of the file and its directory",
    errno.EMFILE: "raise the limit of open files: ulimit -n",
    errno.ENOMEM: "there is too little memory",
}


def _finish(outcome: Outcome, context: Context) -> int:
    """Print the result, then its warnings, and decide the status: 8 before 11 before 10."""
    result = context.completed(outcome.verb, outcome.result)
    if result.data is not None or outcome.verb.shape.kind == "any":
        context.show(outcome.verb.shape, result)
    for warn in result.warnings:
        context.warn(warn)
    if result.error is not None:
        return _report(result.error, context)
    partial = EXIT_PARTIAL if result.partial and not context.allow_partial else 0
    # Differences that were found with something unread are not all there are.
    if partial and result.status == EXIT_DIFFERENCES:
        return partial
    return result.status or partial


def _report(error: PmpcError, context: Context) -> int:
    context.log("error", code=error.code, message=error.message, status=error.exit_status)
    context.streams.error(error.code, error.message, error.hint, error.details)
    return error.exit_status


def _usage(error: TyperException) -> UsageError:
    text = error.format_message().strip()
    command = getattr(getattr(error, "ctx", None), "command_path", "pmpc")
    return UsageError(text[:1].lower() + text[1:], hint=f"see: {command} --help")


def _bug(error: Exception, context: Context) -> int:
    import traceback

    where = "".join(traceback.format_exception(error))
    context.log("bug", traceback=where)
    if context.options.verbose:
        context.streams.trace(where)
    context.streams.error(
        "bug",
        f"this is a bug in pmpc: {type(error).__name__}: {error}",
        "run it again with -vv and report what it prints",
        {},
    )
    return 1


def _machine_output(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Look for -o before parsing, so that even an error of parsing has the right form; the last one counts."""
    found = environ.get("PMPC_OUTPUT", "")
    words = list(argv)
    for at, word in enumerate(words):
        if word == "--":
            break
        if word in ("-o", "--output") and at + 1 < len(words):
            found = words[at + 1]
        elif word.startswith("--output="):
            found = word.partition("=")[2]
        elif word.startswith("-o") and not word.startswith("--"):
            found = word[2:].removeprefix("=")
    return found in ("json", "yaml")


def _on_sigterm() -> signal.Handlers | int | None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, stop)  # type: ignore[return-value] # what was set before is put back as it was
    except ValueError:
        # Only the main thread may set handlers; elsewhere nobody sends this process SIGTERM to end a command.
        return None


def _complete(words: Sequence[str], context: Context) -> int:
    """Answer a shell's request for completions; whatever goes wrong, the shell must see nothing of it."""
    from proxmox_mpc.cli.completion import answer

    try:
        return answer(words, context)
    except Exception:  # noqa: BLE001 - a shell that completes shows whatever is written
        return 0
    finally:
        context.close()


def _silence(streams: Streams) -> None:
    if streams.stdout is sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
