"""Reading by lines and reading by nodes agree wherever lines are enough."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxmox_mpc.declared.edit import meant, new_text
from proxmox_mpc.declared.emit import Style, scalar
from proxmox_mpc.declared.manifest import Scalar
from proxmox_mpc.declared.scalars import Parsed
from proxmox_mpc.declared.yaml_lines import read_lines
from proxmox_mpc.declared.yaml_nodes import read_nodes
from proxmox_mpc.workspace.yaml_text import BadYamlError
from tests.declared.strategies import AWKWARD, documents, texts

PIECES = (
    *("key: ", "other: ", "tags:", "vars:\n", "a: 1\n", "  b: 2\n", "  - x\n", "- y\n", "    c\n", "|", "|-"),
    *("|+", ">", "\n", "\n\n", " ", "  ", "#", " # c\n", "# c\n", '"', "'", "\\", "\\n", "\\u0041", "[", "]"),
    *(", ", "{", "}", "&a ", "*a", "!t ", "---\n", "...\n", "--- ", "? ", ": ", ":", "-", "- ", "true", "null"),
    *("~", "010", "12:30", "text", "é", "\t", "\r\n", "%", "\ufeff", "\x85", "=", "<<: ", "@", "`", "${x}"),
    *("  d: |\n    e\n", "key: |\n  one\n\n   two\n", "''", '""', " \n", "  \n"),
)  # fmt: skip
fragments = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
values = st.one_of(texts.filter(lambda text: "\n" not in text), st.sampled_from(AWKWARD), fragments)
lines = st.one_of(
    st.tuples(st.sampled_from(["key", "other", "tags", "net0", "a-b", "_x"]), values).map(
        lambda pair: f"{pair[0]}: {pair[1]}"
    ),
    fragments,
    st.sampled_from(
        ["", "# c", "  # c", "  x: 1", "  - x", "- y", "vars:", "tags:", "d: |", "d: |-  # c", "  text", "   more"]
    ),
)
files = st.one_of(
    fragments, st.tuples(st.lists(lines, max_size=8).map("\n".join), st.sampled_from(["", "\n"])).map("".join)
)


def by_nodes(text: str) -> Parsed | None:
    try:
        return read_nodes(text)
    except BadYamlError:
        return None


def agree(text: str) -> bool:
    by_lines = read_lines(text)
    if by_lines is None:
        return False
    nodes = by_nodes(text)
    assert nodes is not None, f"lines read what is no YAML: {text!r}"
    assert meant(by_lines) == meant(nodes)
    assert places(by_lines) == places(nodes)
    assert list(by_lines) == list(nodes)
    return True


def places(found: Parsed) -> list[tuple[int, int]]:
    marks: list[tuple[int, int]] = []
    for value in found.values():
        scalars = [value] if isinstance(value, Scalar) else value if isinstance(value, list) else [*value.values()]
        # What is not written has no place: ruamel names that of the next token.
        marks += [(one.line, one.column) for one in scalars if one.text is not None]
    return marks


@settings(max_examples=1500)
@given(files)
@example("a: |\n  x")
@example("a: |\n\n  x\n")
@example("a:\n- x\n- y\nb: 1\n")
@example("a: b\n # c\n  d\n")
@example("a: b\n\n c\n")
@example("a: 'x' y\n")
@example("...\na: 1\n")
@example("---\na: 1\n")
@example("a:\n  b: 1\n c: 2\n")
@example("a: [x, y,]\n")
@example("a: |\n  x\n # c\n  y\n")
@example("vars:\n  a: b\n   c\n")
@example("tags:\n  - a: b\n")
def test_lines_and_nodes_agree(text: str) -> None:
    agree(text)


@given(documents)
def test_what_we_write_is_read_by_lines(document: dict[str, str]) -> None:
    text = new_text("vm", "101", document)
    awkward = any("\\u" in line or '"' in line for line in text.splitlines())
    assert agree(text) or awkward


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "net0"]), st.tuples(texts, st.sampled_from(["", "'", '"', "|"])), max_size=3
    )
)
def test_every_style_is_read_alike(entries: dict[str, tuple[str, Style]]) -> None:
    agree("".join(f"{key}: {scalar(text, style)}  # c\n" for key, (text, style) in entries.items() if "\n" not in text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "name: web\ncores: 4\n",
        "tags: [prod, web]  # both\n",
        "tags:\n  - prod  # a\n  # b\n  - web\nname: x\n",
        "vars:\n  bridge: vmbr0\n  size: 32\n\n# next\nname: x\n",
        "description: |\n  # web\n\n  runs\n    nginx\n\nname: x\n",
        'description: "a\\nb\\u00e9"\n',
        "a: null\nb: ~\nc:\nd: true\ne: False\nf: 010\ng: 12:30\n",
        "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0 # lan\n",
    ],
)
def test_ordinary_manifests_need_no_nodes(text: str) -> None:
    assert agree(text)
