"""Verbs: a function, the shape of what it prints, and what it needs; and the command classes that run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from proxmox_mpc.cli.options import (
    at_option,
    bulk_options,
    common_options,
    declare_option,
    destructive_options,
    list_options,
    offline_option,
    write_options,
)
from proxmox_mpc.domain.shape import Field, Shape
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from typer._click.core import Command, Parameter
    from typer._click.core import Context as TyperContext
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.cli.tree import Group, Leaf

Run = Callable[..., Result]


class Verb(NamedTuple):
    """One verb of the tree.

    ``offline``: the database can answer it too, as it is and as it was. ``audit``: the privilege without which an empty
    list proves nothing.
    ``mutating``: it changes the cluster, through the guard; ``destructive``: it can destroy a guest; ``declares``: it
    can write what it would change into a manifest instead.
    """

    run: Run
    shape: Shape
    offline: bool = False
    audit: str | None = None
    mutating: bool = False
    destructive: bool = False
    declares: bool = False


class Outcome(NamedTuple):
    """A verb's result together with the verb, as ``cli.main`` gets it for rendering."""

    verb: Verb
    result: Result


def local(shape: Shape) -> Callable[[Run], Verb]:
    """Declare a verb that reads nothing which the database could answer instead."""
    return lambda run: Verb(run, shape)


def read(shape: Shape, *, offline: bool = True, audit: str | None = None) -> Callable[[Run], Verb]:
    """Declare a verb that reads the cluster; it takes --offline and --at unless the database cannot answer it."""
    return lambda run: Verb(run, shape, offline, audit)


def write(
    *,
    many: bool = False,
    destructive: bool = False,
    declares: bool = False,
    extra: tuple[Field, ...] = (),
    shape: Shape | None = None,
) -> Callable[[Run], Verb]:
    """Declare a verb that changes the cluster; it prints rows as every write does, and takes the options of writes.

    ``many``: it takes selectors, and with them the options of bulk work. ``destructive``: it can destroy a guest.
    ``extra`` keys come after those of every write; ``shape`` replaces them all.
    """
    from proxmox_mpc.domain.writes import write_shape

    printed = shape or write_shape(many=many, extra=extra)
    return lambda run: Verb(run, printed, mutating=True, destructive=destructive, declares=declares)


def context_of(ctx: typer.Context) -> Context:
    """Return pmpc's own context of this run."""
    context: Context = ctx.obj
    return context


class PmpcCommand(TyperCommand):
    """A command that takes the common options and returns its verb's outcome."""

    verb: Verb

    def get_params(self, ctx: TyperContext) -> list[Parameter]:
        """Return the command's own parameters, then the shared ones, made once."""
        return [*super().get_params(ctx), *self._shared()]

    def _shared(self) -> list[TyperOption]:
        made: list[TyperOption] | None = getattr(self, "_made", None)
        if made is None:
            made = [
                *(list_options() if self.verb.shape.many else []),
                *(write_options() if self.verb.mutating else []),
                *(destructive_options() if self.verb.destructive else []),
                *([declare_option()] if self.verb.declares else []),
                *(bulk_options() if self.verb.mutating and self.verb.shape.kind == "either" else []),
                *([offline_option(), at_option()] if self.verb.offline else []),
                *common_options(),
            ]
            self._made = made
        return made

    def invoke(self, ctx: TyperContext) -> Outcome | None:
        """Run the verb."""
        context: Context = ctx.obj
        context.streams.quiet = context.options.quiet
        context.streams.colour = context.options.color or context.streams.colour
        context.command = ctx.command_path
        context.log("start", command=ctx.command_path)
        if context.options.at is not None:
            context.go_back()
        result = super().invoke(ctx)
        return Outcome(self.verb, result) if isinstance(result, Result) else None

    def format_options(self, ctx: TyperContext, formatter: HelpFormatter) -> None:
        """Write the command's own options first; those that every command takes stand apart."""
        shared = self._shared()
        _write_sections(ctx, formatter, [*TyperCommand.get_params(self, ctx)], shared, self.verb)


def _write_sections(
    ctx: TyperContext,
    formatter: HelpFormatter,
    own: Sequence[Parameter],
    shared: Sequence[TyperOption],
    verb: Verb | None,
) -> None:
    common = [option for option in shared if option.name in _COMMON]
    listing = [option for option in shared if option.name not in _COMMON]
    sections = (
        ("Arguments", [param for param in own if param.param_type_name == "argument"]),
        ("Options", [*(param for param in own if param.param_type_name == "option"), *listing]),
        ("Common options", common),
    )
    for title, params in sections:
        records = [record for param in params if (record := param.get_help_record(ctx)) is not None]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
    if verb is not None and verb.shape.many:
        keys = ", ".join(field.key for field in verb.shape.fields)
        if keys:
            with formatter.section("Columns"):
                formatter.write_text(keys)


_COMMON = frozenset(
    f"common_{name}"
    for name in (
        "output",
        "query",
        "workspace",
        "quiet",
        "verbose",
        "log_file",
        "color",
        "no_input",
        "request_timeout",
        "allow_partial",
    )
)


class PmpcGroup(TyperGroup):
    """A group whose members are rows of a table; a member's module is imported when it is called."""

    node: Group

    def get_params(self, ctx: TyperContext) -> list[Parameter]:
        """Return the group's own parameters, then the common options."""
        made: list[TyperOption] | None = getattr(self, "_made", None)
        if made is None:
            made = common_options(root=ctx.parent is None)
            self._made = made
        return [*super().get_params(ctx), *made]

    def list_commands(self, ctx: TyperContext) -> list[str]:
        """Return the names of the table."""
        return list(self.node.members)

    def get_command(self, ctx: TyperContext, cmd_name: str) -> Command | None:
        """Build the named member; a hidden alias leads to the verb it stands for, maybe further down."""
        from proxmox_mpc.cli.tree import Group, Leaf

        words = self.node.aliases.get(cmd_name, cmd_name).split()
        member: Leaf | Group | None = self.node
        for word in words:
            member = member.members.get(word) if isinstance(member, Group) else None
        if member is None or not words:
            return None
        return command_of(words[-1], member) if isinstance(member, Leaf) else group_of(words[-1], member)

    def parse_args(self, ctx: TyperContext, args: list[str]) -> list[str]:
        """Parse the words up to the member's name; without one, say which there are."""
        rest = super().parse_args(ctx, args)
        if not ctx._protected_args and not rest and not ctx.resilient_parsing:
            from proxmox_mpc.errors import UsageError

            names = ", ".join(self.node.members)
            raise UsageError(
                f"{ctx.command_path}: which command? One of {names}", hint=f"see: {ctx.command_path} --help"
            )
        return rest

    def resolve_command(self, ctx: TyperContext, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the member; a name that is none is answered with the nearest one."""
        name = args[0]
        found = self.get_command(ctx, name)
        if found is not None:
            return name, found, args[1:]
        if name.startswith("-"):
            self.parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._unknown(ctx, name)
        return None, None, args[1:]

    def _unknown(self, ctx: TyperContext, name: str) -> NoReturn:
        from difflib import get_close_matches

        from proxmox_mpc.errors import UsageError

        if name in self.node.elsewhere:
            raise UsageError(f"{ctx.command_path} {name}: {self.node.elsewhere[name]}")
        near = get_close_matches(name, self.node.members, n=2, cutoff=0.5)
        meant = f"did you mean {' or '.join(repr(one) for one in near)}? " if near else ""
        raise UsageError(
            f"{ctx.command_path}: there is no command {name!r}", hint=f"{meant}see: {ctx.command_path} --help"
        )

    def shell_complete(self, ctx: TyperContext, incomplete: str) -> list[CompletionItem]:
        """Complete a member's name from the table, without importing any."""
        from typer._click.shell_completion import CompletionItem

        members = [
            CompletionItem(name, help=one.help)
            for name, one in self.node.members.items()
            if name.startswith(incomplete)
        ]
        return [*members, *(item for item in super(TyperGroup, self).shell_complete(ctx, incomplete))]

    def format_options(self, ctx: TyperContext, formatter: HelpFormatter) -> None:
        """Write the members under their headings, then the options."""
        pad = max(len(name) for name in self.node.members)
        for heading, names in self.node.headings():
            rows = [(name.ljust(pad), self.node.members[name].help) for name in names]
            with formatter.section(heading):
                formatter.write_dl(rows)
        _write_sections(ctx, formatter, TyperGroup.get_params(self, ctx), getattr(self, "_made", []), None)


def command_of(name: str, leaf: Leaf) -> PmpcCommand:
    """Import a leaf's module and build its command."""
    from importlib import import_module

    module, _, attribute = leaf.target.partition(":")
    verb: Verb = getattr(import_module(f"proxmox_mpc.cli.commands.{module}"), attribute)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=PmpcCommand, short_help=leaf.help, context_settings=leaf.settings)(verb.run)
    command = typer.main.get_command(app)
    assert isinstance(command, PmpcCommand)
    command.verb = verb
    return command


def group_of(name: str, node: Group) -> PmpcGroup:
    """Build the group of a table without importing any member."""
    group = PmpcGroup(
        name=name,
        help=node.doc or node.help,
        short_help=node.help,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    group.node = node
    return group
