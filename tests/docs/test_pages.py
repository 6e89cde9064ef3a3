"""What the pages say holds: commands and options exist, links lead somewhere, tables name what the code has."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup, TyperOption

from proxmox_mpc import errors
from proxmox_mpc.cli.main import root_group
from proxmox_mpc.simulator.faults import KINDS
from proxmox_mpc.state.kinds import GROUPS
from proxmox_mpc.workspace.schema import dotted, fields
from tests.docs.pages import GENERATED, PAGES, ROOT, SCRIPTS, anchors, calls, first_column, links

ERRORS = [
    one
    for _, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, errors.PmpcError) and one.__module__ == errors.__name__
]
# What the lines of README's table have to speak of, by status.
STATUSES = {
    0: "done",
    1: "bug",
    2: "usage",
    3: "configuration, workspace or local state",
    4: "authentication or permission",
    5: "not found",
    6: "conflict",
    7: "unreachable, TLS, timeout",
    8: "failed",
    9: "refused",
    10: "differences",
    11: "partial",
    130: "interrupted",
    143: "terminated",
}


def _is_used(error: type) -> bool:
    """Say whether any module names the class: one that nothing raises needs no remedy yet."""
    name = re.compile(rf"\b{error.__name__}\b")
    return any(
        name.search(path.read_text("utf-8"))
        for path in (ROOT / "proxmox_mpc").rglob("*.py")
        if path != ROOT / "proxmox_mpc" / "errors.py"
    )


def called() -> Iterator[tuple[Path, list[str]]]:
    for path in [*PAGES, *SCRIPTS]:
        for words in calls(path.read_text("utf-8"), markdown=path.suffix == ".md"):
            yield path, words


def complaint(words: list[str]) -> str | None:
    """Return what is wrong with the words of a command: a verb or an option that does not exist."""
    command: TyperCommand | TyperGroup = root_group()
    context = command.context_class(command, info_name="pmpc")
    known: dict[str, TyperOption] = {}
    place = "pmpc"
    rest = list(words)
    while True:
        options = [one for one in command.get_params(context) if isinstance(one, TyperOption)]
        known |= {flag: one for one in options for flag in (*one.opts, *one.secondary_opts)}
        known["--help"] = known.get("--help", TyperOption(param_decls=["--help"], is_flag=True))
        if not rest:
            return None
        word = rest.pop(0)
        flag = re.sub(r"^-([a-z])\1+$", r"-\1", word.partition("=")[0])
        if word == "--":
            return None
        if flag.startswith("-") and flag != "-":
            option = known.get(flag)
            if option is None:
                return f"{place} has no option {flag}"
            if not (option.is_flag or option.count or "=" in word):
                rest[:1] = []
        elif isinstance(command, TyperGroup):
            # NOUN stands for any noun, config get|set for both.
            if word.isupper():
                return None
            found = command.get_command(context, word)
            if found is None:
                return f"{place} has no command {word}"
            assert isinstance(found, (TyperCommand, TyperGroup))
            place += f" {word}"
            context = found.context_class(found, info_name=word, parent=context)
            command, known = found, {}


@pytest.mark.capability("10.4")
def test_every_command_that_is_named_exists_and_takes_its_options() -> None:
    found = list(called())
    assert len(found) > 100
    wrong = [f"{path.name}: pmpc {' '.join(words)}: {bad}" for path, words in found if (bad := complaint(words))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("vm list --filter status=running --sort -memory", None),
        ("-w prod vm list -vv", None),
        ("vm lst", "pmpc vm has no command lst"),
        ("vm list --colums a", "pmpc vm list has no option --colums"),
        ("sim serve --filter a=b", "pmpc sim serve has no option --filter"),
    ],
)
def test_a_command_that_does_not_exist_is_found_out(line: str, wrong: str | None) -> None:
    assert complaint(line.split()) == wrong


@pytest.mark.capability("10.4")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists() or file == GENERATED, f"{page.name}: {target}"
        assert file.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{page.name}: {target}"


@pytest.mark.capability("10.4", "10.5")
def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links((ROOT / "README.md").read_text("utf-8"))}
    assert {page for page in PAGES if page.parent.name == "docs"} <= linked


@pytest.mark.capability("10.4")
def test_the_readme_has_every_exit_status_with_its_meaning() -> None:
    text = (ROOT / "README.md").read_text("utf-8").partition("## Exit status")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d, ]+?) \| (.+?) \|$", text, re.MULTILINE)
    documented = {int(number): meaning for numbers, meaning in rows for number in numbers.split(",")}
    used = {one.exit_status for one in ERRORS} | {
        value for name, value in vars(errors).items() if name.startswith("EXIT_")
    }
    assert documented.keys() == STATUSES.keys()
    assert used | {0} <= documented.keys()
    for number, meaning in documented.items():
        assert STATUSES[number] in meaning, f"{number}: {meaning}"


@pytest.mark.capability("10.2", "10.4")
def test_every_error_code_has_its_cause_and_remedy_under_its_status() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    documented: dict[str, int] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        number = re.match(r"(\d+):", section)
        for code, cause in re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE):
            if number:
                documented[code] = int(number[1])
                assert len(cause) > 10
    used = {one.code: one.exit_status for one in ERRORS if _is_used(one) and one.exit_status < 128}
    assert documented == used | {"error": 1, "bug": 1}


@pytest.mark.capability("10.4")
def test_every_key_of_the_configuration_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "workspaces.md").read_text("utf-8").partition("## config.yml")[2].partition("\n## ")[0]
    keys = {dotted(path) for path, _ in fields()}
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", text))
    assert keys <= named, keys - named
    assert {one for one in named if "." in one and one.split(".")[0] != "config"} <= keys


@pytest.mark.capability("10.4")
def test_every_variable_that_is_read_is_documented() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "proxmox_mpc").rglob("*.py"))
    documented = set(re.findall(r"PMPC_[A-Z_]*[A-Z]", (ROOT / "docs" / "workspaces.md").read_text("utf-8")))
    assert set(re.findall(r"PMPC_[A-Z_]*[A-Z]", source)) == documented


@pytest.mark.capability("10.4")
def test_every_kind_of_a_pull_and_of_a_fault_is_documented() -> None:
    state = (ROOT / "docs" / "state.md").read_text("utf-8")
    assert {f"`{group}`" for group in GROUPS} <= set(first_column(state))
    faults = (ROOT / "docs" / "simulator.md").read_text("utf-8").partition("## Faults")[2]
    named = {code for cell in first_column(faults) for code in re.findall(r"`([a-z-]+)`", cell)}
    assert named >= KINDS
