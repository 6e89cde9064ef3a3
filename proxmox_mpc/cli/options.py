"""The options that every command takes, before or after the verb; the inner one wins.

Only values from the command line are stored here; environment and configuration are resolved by workspace.settings.
(An ``envvar=`` on the inner option would beat the outer command line.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from typer import BadParameter
from typer.core import TyperOption

if TYPE_CHECKING:
    from typer import Context as TyperContext
    from typer._click.core import Parameter

    from proxmox_mpc.cli.context import Context

T = TypeVar("T")
Values: TypeAlias = "Callable[[TyperContext], Iterable[str]]"
FORMATS = ("table", "json", "yaml")
COLOURS = ("auto", "always", "never")


class Options:
    """What the command line said; None where it said nothing."""

    def __init__(self) -> None:
        self.output: str | None = None
        self.query: str | None = None
        self.workspace: str | None = None
        self.quiet = False
        self.verbose = 0
        self.log_file: str | None = None
        self.color: str | None = None
        self.no_input = False
        self.request_timeout: float | None = None
        self.allow_partial: bool | None = None
        self.offline = False
        self.at: str | None = None
        self.columns: str | None = None
        self.filter: list[str] = []
        self.sort: list[str] = []
        self.no_header = False
        self.wide = False
        self.dry_run = False
        self.declare = False
        self.yes = False
        self.confirm: str | None = None
        self.no_wait = False
        self.wait_timeout: float | None = None
        self.without_backup = False
        self.rollback = False
        self.parallel: int | None = None
        self.max_failures: int | None = None
        self.stage: str | None = None
        self.allow_empty = False
        self.retry_failed: int | None = None


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise BadParameter(f"{value!r} is not one of {', '.join(choices)}")
        return value

    return check


def _positive(value: float) -> float:
    if not 0 < value <= 86400:
        raise BadParameter(f"{value:g} is no time in seconds between 0 and 86400")
    return value


def _same(value: T) -> T:
    return value


def _store(name: str, check: Callable[..., object]) -> Callable[..., object]:
    """Return a callback that keeps the value when it stands on the command line, and only then."""

    def callback(ctx: TyperContext, param: Parameter, value: object) -> object:
        source = ctx.get_parameter_source(param.name or "")
        if source is None or source.name != "COMMANDLINE":
            return value
        value = [check(one) for one in value] if isinstance(value, (list, tuple)) else check(value)
        context: Context | None = ctx.obj
        if context is not None:
            setattr(context.options, name, value)
        return value

    return callback


def _completed(among: Values) -> Callable[[TyperContext, list[str], str], list[str]]:
    """Return the completion of an option's value; ``among`` tells what there is to choose from."""
    return lambda ctx, args, incomplete: [value for value in among(ctx) if value.startswith(incomplete)]


def _workspaces(ctx: TyperContext) -> Iterable[str]:
    from proxmox_mpc.workspace.registry import Registry
    from proxmox_mpc.workspace.userdirs import state_home

    context: Context | None = ctx.obj
    if context is None:
        return ()
    return (entry.name for entry in Registry(state_home(context.environ, context.home)).entries())


def _moments(ctx: TyperContext) -> Iterable[str]:
    """The moments that have a name, and the runs that are recorded."""
    context: Context | None = ctx.obj
    runs = () if context is None else context.known_names("run")
    return ("today", "yesterday", *(f"run:{number}" for number, _ in runs))


def _keys(ctx: TyperContext) -> Iterable[str]:
    """The columns of the list that the command line is about."""
    verb = getattr(ctx.command, "verb", None)
    return () if verb is None else (field.key for field in verb.shape.fields)


def _option(
    name: str,
    *flags: str,
    help: str,  # noqa: A002
    type: type = str,  # noqa: A002
    metavar: str | None = None,
    is_flag: bool | None = None,
    count: bool = False,
    multiple: bool = False,
    check: Callable[..., object] = _same,
    among: Values | None = None,
) -> TyperOption:
    return TyperOption(
        # The prefix keeps these apart from a command's own parameters of the same name.
        param_decls=[f"common_{name}", *flags],
        type=None if is_flag or count else type,
        metavar=metavar,
        is_flag=is_flag,
        count=count,
        multiple=multiple,
        help=help,
        expose_value=False,
        callback=_store(name, check),
        autocompletion=None if among is None else _completed(among),
        show_default=False,
        default=None if not (is_flag or count) else (0 if count else False),
    )


def common_options(*, root: bool = False) -> list[TyperOption]:
    """Return fresh instances of the options of every command and group."""
    workspace = ("--workspace", "-w") if root else ("--workspace",)
    return [
        _option(
            "output",
            "--output",
            "-o",
            help="table, json or yaml [PMPC_OUTPUT]",
            metavar="FORMAT",
            check=_one_of(FORMATS),
            among=lambda ctx: FORMATS,
        ),
        _option("query", "--query", help="pick from the output by a JMESPath expression", metavar="JMESPATH"),
        _option(
            "workspace",
            *workspace,
            help="path or name of the workspace [PMPC_WORKSPACE]",
            metavar="WORKSPACE",
            among=_workspaces,
        ),
        _option("quiet", "--quiet", "-q", help="say only errors", is_flag=True),
        _option("verbose", "--verbose", "-v", help="say more; twice: every request, secrets left out", count=True),
        _option("log_file", "--log-file", help="append what happens as JSON lines to a file", metavar="FILE"),
        _option(
            "color",
            "--color",
            help="auto, always or never [NO_COLOR]",
            metavar="WHEN",
            check=_one_of(COLOURS),
            among=lambda ctx: COLOURS,
        ),
        _option("no_input", "--no-input", help="never ask", is_flag=True),
        _option(
            "request_timeout",
            "--request-timeout",
            help="seconds that one request may take",
            type=float,
            metavar="SECONDS",
            check=_positive,
        ),
        _option(
            "allow_partial",
            "--allow-partial",
            help="end with 0 where a part could not be read (else 11) [PMPC_ALLOW_PARTIAL]",
            is_flag=True,
        ),
    ]


def offline_option() -> TyperOption:
    """Return --offline, for what the database can answer."""
    return _option("offline", "--offline", help="answer from the database, without the server", is_flag=True)


def at_option() -> TyperOption:
    """Return --at, for what the database can answer."""
    return _option(
        "at",
        "--at",
        help="answer as it was recorded then: 2d (ago), 2026-11-20T08:00, yesterday, run:12",
        metavar="TIME",
        among=_moments,
    )


def list_options() -> list[TyperOption]:
    """Return the options of every list."""
    return [
        _option(
            "filter",
            "--filter",
            help="only rows with KEY=VALUE (also != ~ < > <= >=); may be repeated",
            metavar="CONDITION",
            multiple=True,
        ),
        _option(
            "sort", "--sort", help="order by KEY, descending by -KEY", metavar="[-]KEY", multiple=True, among=_keys
        ),
        _option("columns", "--columns", help="only these keys, in this order", metavar="A,B", among=_keys),
        _option("no_header", "--no-header", help="no heading line", is_flag=True),
        _option("wide", "--wide", help="more columns", is_flag=True),
    ]


def write_options() -> list[TyperOption]:
    """Return the options of every verb that changes the cluster."""
    return [
        _option("dry_run", "--dry-run", help="show what would be sent, and send nothing", is_flag=True),
        _option("yes", "--yes", "-y", help="do not ask", is_flag=True),
        _option(
            "confirm",
            "--confirm",
            help="with --yes, for what is critical: the target's name, or the number of targets",
            metavar="NAME|COUNT",
        ),
        _option("no_wait", "--no-wait", help="do not wait for the last task", is_flag=True),
        _option(
            "wait_timeout",
            "--wait-timeout",
            help="seconds to wait for a task, which goes on when they are over (7)",
            type=float,
            metavar="SECONDS",
            check=_positive,
        ),
        _option(
            "rollback",
            "--rollback-on-failure",
            help="take back what was done, when a later step fails",
            is_flag=True,
        ),
    ]


def declare_option() -> TyperOption:
    """Return the option of verbs whose change can be written into a manifest instead."""
    return _option(
        "declare", "--declare", help="write it into the manifest (infra/) instead of sending it", is_flag=True
    )


def destructive_options() -> list[TyperOption]:
    """Return the options of verbs that destroy a guest."""
    return [
        _option(
            "without_backup",
            "--without-backup",
            help="destroy a guest of which there is no recent backup; this is audited",
            is_flag=True,
        )
    ]


def bulk_options() -> list[TyperOption]:
    """Return the options of verbs that can change many targets."""
    return [
        _option("parallel", "--parallel", help="targets at a time", type=int, metavar="N", check=_count),
        _option(
            "max_failures",
            "--max-failures",
            help="begin no further target after more than N failures",
            type=int,
            metavar="N",
            check=_count_or_none,
        ),
        _option(
            "stage",
            "--stage",
            help="roll out in steps such as 1,5,rest, each only when all is well after the one before",
            metavar="N,N,rest",
            check=_stages,
        ),
        _option("allow_empty", "--allow-empty", help="end with 0 where nothing matches (else 5)", is_flag=True),
        _option(
            "retry_failed",
            "--retry-failed",
            help="take the targets that failed in this operation",
            type=int,
            metavar="OPERATION",
            check=_count,
        ),
    ]


def _count(value: int) -> int:
    if value < 1:
        raise BadParameter(f"{value} is no number from 1 up")
    if value >= 2**31:
        raise BadParameter(f"{value} is larger than any")
    return value


def _count_or_none(value: int) -> int:
    if value < 0:
        raise BadParameter(f"{value} is less than 0")
    return value


def _stages(value: str) -> str:
    stages_of(value)
    return value


def stages_of(value: str) -> tuple[int | None, ...]:
    """Return the sizes in ``1,5,rest``, None for the rest; raises BadParameter."""
    *sizes, last = (word.strip() for word in value.split(","))
    counted = sizes if last == "rest" else [*sizes, last]
    if not all(word.isdecimal() and int(word) > 0 for word in counted):
        raise BadParameter(f"{value!r} is no list of stages like 1,5,rest")
    stages = tuple(int(word) for word in counted)
    return (*stages, None) if last == "rest" else stages
