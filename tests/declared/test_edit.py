"""Edits change what they are asked to change, and not a byte besides."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proxmox_mpc.declared.edit import edited, new_text
from proxmox_mpc.declared.format import formatted
from proxmox_mpc.declared.reading import read_manifest
from proxmox_mpc.declared.resolve import Resolver
from proxmox_mpc.errors import ManifestError
from tests.declared.strategies import documents, pve_keys

WEB = """\
# yaml-language-server: $schema=../.schema/vm.json
# The web server.

name: web   # as in DNS
tags: [prod, web]  # both
description: |
  # Web

  Runs nginx.

# processor
cores: 4
memory: '4096'

net0: virtio=BC:24:11:00:00:01,bridge=vmbr0  # lan
net2: "virtio=BC:24:11:00:00:02,bridge=vmbr2"
onboot: true
"""

gaps = st.sampled_from(["", "\n", "# a comment\n", "\n# one\n# two\n", "  # indented\n", "\n\n"])
remarks = st.sampled_from(["", "", "  # beside", " # é 'quoted' \"too\""])
written = st.sampled_from(
    [
        *(
            "web",
            "4",
            "true",
            "~",
            "null",
            "",
            "'single'",
            "'it''s'",
            '"double"',
            '"a\\nb\\u0007"',
            "010",
            "12:30",
            "${x}",
        ),
        *(
            "|\n  one\n\n  two",
            "|-\n    deep\n      er",
            ">\n  folded\n  text",
            '"two\n  lines"',
            "plain\n  on two lines",
        ),
        *("|+\n  keep\n", "\n  below", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
    ]
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Return a manifest as a person writes one: comments, blank lines, every style, any order."""
    keys = draw(st.lists(pve_keys, unique=True, max_size=7))
    text = draw(st.sampled_from(["", "# top\n\n", "---\n", "# yaml-language-server: $schema=../.schema/vm.json\n"]))
    for key in keys:
        value = draw(written)
        if key == "tags":
            value = draw(
                st.sampled_from([value, "[a, b]", "\n- a # first\n- b", "\n  # c\n  - a\n\n  - 'b'", "[]", "[ x ]"])
            )
        remark = "" if "\n" in value else draw(remarks)
        text += f"{draw(gaps)}{key}:{' ' if value[:1] != chr(10) and value else ''}{value}{remark}\n"
    return text + draw(gaps)


def keys(text: str) -> dict[str, str | None]:
    return read_manifest(text, "vm/101.yml", "vm", "101").keys


def resolved(text: str) -> dict[str, str]:
    errors: list[ManifestError] = []
    found = Resolver(lambda path: None).resolve(read_manifest(text, "vm/101.yml", "vm", "101"), errors)
    assert found is not None, errors
    return found.keys


@pytest.mark.capability("8.6")
@settings(deadline=None)
@given(files(), documents, st.sets(pve_keys, max_size=3))
def test_an_edit_gives_what_was_asked_for_and_leaves_all_other_lines(
    text: str, sets: dict[str, str], gone: set[str]
) -> None:
    before = keys(text)
    after = edited(text, sets, gone)
    expected = {**before, **{key: value.replace("${", "$${") for key, value in sets.items()}}
    assert keys(after) == {key: value for key, value in expected.items() if key not in gone - sets.keys()}
    left, kept = (untouched(one, sets.keys() | gone) for one in (text, after))
    if "|+" in text:  # to which blank lines behind it belong
        left, kept = (re.sub(r"\n+", "\n", one).lstrip("\n") for one in (left, kept))
    assert left == kept


def untouched(text: str, touched: set[str]) -> str:
    """Return a text without the entries of some keys."""
    from proxmox_mpc.declared.entries import entries

    for entry in reversed(entries(text)):
        if entry.key in touched:
            text = text[: entry.start] + text[entry.stop :]
    # A comment behind a block has to begin its line, or it would be the block's.
    return re.sub(r"^ +(?=# indented$)", "", text, flags=re.MULTILINE)


@settings(deadline=None)
@given(files(), documents)
def test_a_second_edit_to_the_same_values_changes_nothing(text: str, sets: dict[str, str]) -> None:
    once = edited(text, sets)
    assert edited(once, sets) == once


@given(documents)
def test_texts_of_the_server_survive_the_way_into_a_manifest_and_back(document: dict[str, str]) -> None:
    assert resolved(edited("", document)) == document
    assert resolved(new_text("vm", "101", document, "web")) == document


@given(documents, st.text(max_size=20))
def test_no_name_breaks_a_new_manifest(document: dict[str, str], name: str) -> None:
    assume("name" not in document)
    text = new_text("pool", name, document, name)
    assert resolved(text) == document


def test_only_the_value_changes() -> None:
    assert edited(WEB, {"cores": "8"}) == WEB.replace("cores: 4", "cores: 8")
    assert edited(WEB, {"name": "web 2"}) == WEB.replace("name: web ", "name: web 2 ")
    assert edited(WEB, {"memory": "8192"}) == WEB.replace("'4096'", "'8192'")
    assert edited(WEB, {"tags": "prod;web;new"}) == WEB.replace("[prod, web]", "[prod, web, new]")
    assert edited(WEB, {"description": "One line"}) == WEB.replace("|\n  # Web\n\n  Runs nginx.", "One line")
    assert edited(WEB, {"name": "a\nb"}) == WEB.replace("web   # as in DNS", "|- # as in DNS\n  a\n  b")


def test_new_keys_stand_beside_their_kin() -> None:
    after = edited(WEB, {"net1": "virtio,bridge=vmbr1", "net10": "e1000", "sockets": "2", "balloon": "0"})
    order = [line.partition(":")[0] for line in after.splitlines() if line[:1].isalpha()]
    assert order == [
        *("name", "tags", "description", "cores", "sockets", "memory", "balloon"),
        *("net0", "net1", "net2", "net10", "onboot"),
    ]


def test_comments_on_lines_of_their_own_outlive_the_key() -> None:
    after = edited(WEB, {}, ["cores", "net0", "description", "not-there"])
    assert "# processor\nmemory: '4096'\n\nnet2:" in after
    assert "nginx" not in after and "# lan" not in after


def test_null_takes_an_inherited_key_away() -> None:
    assert "cores: null\n" in edited(WEB, {"cores": None})
    assert "balloon: null\n" in edited(WEB, {"balloon": None})


def test_a_list_in_lines_keeps_the_comments_beside_its_items() -> None:
    text = "tags:\n  - prod  # for real\n  # the site\n  - web\nname: x\n"
    assert edited(text, {"tags": "web;prod;new"}) == (
        "tags:\n  # the site\n  - web\n  - prod  # for real\n  - new\nname: x\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_other_systems_files_keep_their_form(newline: str, mark: str) -> None:
    text = f"{mark}# c{newline}name: web{newline}cores: 4  # c{newline}"
    assert edited(text, {"cores": "8", "net0": "e1000"}) == (
        f"{mark}# c{newline}name: web{newline}cores: 8  # c{newline}net0: e1000{newline}"
    )
    described = edited(text, {"description": "a\nb"})
    assert described.count("\n") == described.count(newline)
    assert keys(described)["description"] == "a\nb"


def test_a_file_without_a_last_line_break_gets_one() -> None:
    assert edited("name: web", {"cores": "2"}) == "name: web\ncores: 2\n"
    assert edited("", {"cores": "2"}) == "cores: 2\n"
    assert edited("# only this", {"cores": "2"}) == "# only this\ncores: 2\n"


def test_what_cannot_be_edited_is_said() -> None:
    with pytest.raises(ManifestError, match=r"vm/101\.yml:1:1: a file written as"):
        edited("{name: web, cores: 4}", {"cores": "2"}, file="vm/101.yml")
    with pytest.raises(ManifestError, match="cannot be edited"):
        edited("description: |\n  no line break at the end", {"zz": "2"})
    assert edited(formatted("{name: web, cores: 4}"), {"cores": "2"}) == "name: web\ncores: 2\n"


def test_a_new_manifest_names_its_schema_and_is_in_order() -> None:
    document = {"net0": "virtio", "name": "web", "cores": "4", "description": "a\nb\n", "tags": "prod", "node": "pve1"}
    assert new_text("vm", "101", document, "web", ["node"]) == (
        "# yaml-language-server: $schema=../.schema/vm.json\nname: web\nnode: pve1\ntrack: [node]\ntags: prod\n"
        "description: |\n  a\n  b\ncores: 4\nnet0: virtio\n"
    )


@settings(deadline=None)
@given(files())
def test_formatting_keeps_meaning_and_comments_and_is_done_once(text: str) -> None:
    after = formatted(text)
    assert keys(after) == keys(text)
    assert formatted(after) == after
    assert after.isspace() is False and not after.startswith("\n") and not after.endswith("\n\n")
    for comment in ("# a comment", "# one", "# two", "# indented", "# beside", "# top"):
        assert after.count(comment) == text.count(comment)


def test_formatting_sorts_and_unquotes() -> None:
    assert formatted(
        "# the head\n\n# on net0\nnet0:   'e1000'\n\n\n# on the name\nname: \"web\" # dns\nonboot: True\nballoon: ~\n"
        "# end\n"
    ) == (
        "# the head\n\n# on the name\nname: web  # dns\nballoon: null\n# on net0\nnet0: e1000\nonboot: true\n# end\n"
    )  # fmt: skip
