"""Templates: built in, and overridden one by one by a workspace's ``templates/``. Jinja2, sandboxed and strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from proxmox_mpc.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from jinja2 import Environment

BUILT_IN = Path(__file__).parent / "templates"
ENDING = ".j2"


class Template(NamedTuple):
    """One template: its name (``terraform/vm.tf``), its file, and whether the workspace overrides it."""

    name: str
    path: Path
    overridden: bool


class Templates:
    """The templates that hold: those in ``own`` (a workspace's templates/) before the built-in ones."""

    def __init__(self, own: Path | None) -> None:
        self._own = own

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import FileSystemLoader, StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        from proxmox_mpc.iac.hcl import literal, quoted

        paths = [*([self._own] if self._own is not None else []), BUILT_IN]
        # Code is made, not markup: nothing is escaped for HTML, and what needs quoting goes through a filter.
        made = SandboxedEnvironment(
            loader=FileSystemLoader([str(path) for path in paths]),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        made.filters["hcl"] = literal
        made.filters["quoted"] = quoted
        return made

    def render(self, name: str, variables: Mapping[str, object]) -> str:
        """Return a template filled in; raises ConfigError naming file and line of what is wrong with it."""
        from jinja2 import TemplateError, TemplateSyntaxError

        try:
            return self._environment.get_template(name + ENDING).render(variables)
        except TemplateSyntaxError as error:
            raise ConfigError(f"{self.find(name).path}:{error.lineno}: {error.message}", hint=_HINT) from error
        except TemplateError as error:
            raise ConfigError(f"{self.find(name).path}: {error}", hint=_HINT) from error

    def all(self) -> list[Template]:
        """Return every built-in template, with what overrides it, and those that only the workspace has."""
        names = {*_names(BUILT_IN), *(_names(self._own) if self._own is not None else ())}
        return [self.find(name) for name in sorted(names)]

    def find(self, name: str) -> Template:
        """Return one template; raises NotFound."""
        own = self._own / (name + ENDING) if self._own is not None else None
        if own is not None and own.is_file():
            return Template(name, own, True)
        path = BUILT_IN / (name + ENDING)
        if not path.is_file():
            raise NotFound(f"there is no template {name!r}", hint="pmpc iac template list")
        return Template(name, path, False)


_HINT = "pmpc iac template check; pmpc iac template export NAME --force writes the built-in one"


def _names(root: Path) -> Sequence[str]:
    return [path.relative_to(root).as_posix().removesuffix(ENDING) for path in sorted(root.rglob(f"*{ENDING}"))]
