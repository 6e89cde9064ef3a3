"""Edits of config.yml: one value changes, every comment and every other byte of meaning stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import ConfigError, NotFound
from proxmox_mpc.workspace.config_edit import replace_text, set_key, unset_key
from proxmox_mpc.workspace.yaml_edit import scalar, set_value, unset_value
from proxmox_mpc.workspace.yaml_text import BadYamlError, parse

RICH = """\
# the lab of the third floor
version: 1   # form

name: lab
cluster:          # one cluster
  # tried in order
  endpoints:
    - pve1   # the fast one
    # bought in spring
    - pve2
  token_id: "ops@pve!cli"   # rotated yearly
  token_secret:
    env: LAB_SECRET
  tls: {verify: true, fingerprint: ~}  # see wiki
defaults:
# nothing yet
safety:
    # four blanks here
    mode: normal
    protected: [100,   # router
                web]
# the end
"""


def comments(text: str) -> list[str]:
    """Return every comment of a text that has no # in its values."""
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


@pytest.mark.capability("6.3")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "new"),
        ("version", 1),
        ("cluster.token_id", "ops@pve!ci"),
        ("cluster.endpoints", ["pve3"]),
        ("cluster.endpoints", ["pve1", "pve2", "pve3"]),
        ("cluster.token_secret", {"file": "/run/secret: odd"}),
        ("cluster.token_secret.env", "OTHER"),
        ("cluster.tls.verify", False),
        ("cluster.tls.fingerprint", "AA:BB"),
        ("cluster.tls.ca_file", "ca.pem"),
        ("cluster.parallel", 4),
        ("cluster.identity.name", "lab"),
        ("defaults.node", "pve1"),
        ("defaults.output", "yes"),
        ("safety.mode", "read-only"),
        ("safety.policy.high", "deny"),
        ("state.url", "postgresql://db/x"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_set_changes_one_value_and_keeps_every_comment(key: str, value: Json, newline: str) -> None:
    text = RICH.replace("\n", newline)
    edited = set_value(text, tuple(key.split(".")), value)
    found: Json = parse(edited).data
    for name in key.split("."):
        assert isinstance(found, dict)
        found = found[name]
    assert found == value
    assert comments(edited) == comments(text)
    untouched = [line for line in text.splitlines() if line.strip() and line in edited.splitlines()]
    assert len(untouched) >= len([line for line in text.splitlines() if line.strip()]) - 4
    assert ("\r\n" in edited) == (newline == "\r\n")


def test_set_touches_no_line_but_its_own() -> None:
    edited = set_value(RICH, ("safety", "mode"), "read-only")
    changed = [pair for pair in zip(RICH.splitlines(), edited.splitlines(), strict=True) if pair[0] != pair[1]]
    assert changed == [("    mode: normal", "    mode: read-only")]


@pytest.mark.capability("6.3")
@pytest.mark.parametrize(
    "key",
    [
        "name", "cluster.endpoints", "cluster.token_secret", "cluster.token_secret.env", "cluster.tls",
        "cluster.tls.verify", "cluster.tls.fingerprint", "safety.protected", "safety", "cluster", "defaults",
    ],
)  # fmt: skip
def test_unset_takes_one_key_and_leaves_the_comments_on_lines_of_their_own(key: str) -> None:
    edited = unset_value(RICH, tuple(key.split(".")))
    found: Json = parse(edited).data
    *parents, last = key.split(".")
    for name in parents:
        found = (found.get(name) or {}) if isinstance(found, dict) else {}
    assert isinstance(found, dict) and last not in found
    own = [line.strip() for line in RICH.splitlines() if line.strip().startswith("#")]
    assert [line.strip() for line in edited.splitlines() if line.strip().startswith("#")] == own


def test_unset_of_what_is_not_there_is_said() -> None:
    for key in ("nope", "cluster.nope", "name.below"):
        with pytest.raises(KeyError):
            unset_value(RICH, tuple(key.split(".")))


@pytest.mark.parametrize("text", ["", "# only a comment\n", "# no newline", "{}", "{}\n", "---\n# start\n"])
def test_an_empty_file_takes_its_first_value(text: str) -> None:
    edited = set_value(text, ("defaults", "node"), "pve1")
    assert parse(edited).data == {"defaults": {"node": "pve1"}}
    assert comments(edited) == comments(text)


def test_a_value_is_no_section() -> None:
    with pytest.raises(BadYamlError, match="no section"):
        set_value("name: lab\n", ("name", "below"), 1)


_KEYS = st.sampled_from(["alpha", "beta", "gamma", "delta"])
_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"], exclude_characters="\ufeff"), max_size=12
)
_SCALARS: st.SearchStrategy[Json] = st.one_of(
    _WORDS,
    st.sampled_from(
        ["yes", "on", "12:30", "1e3", "010", "~", "null", "- a", "#x", "a: b", "a # b", " a ", "{", "'", '"']
    ),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
)
_LISTS: st.SearchStrategy[list[Json]] = st.lists(_SCALARS, max_size=3)
_VALUES: st.SearchStrategy[Json] = st.one_of(_SCALARS, _LISTS)
_REMARKS = st.sampled_from(["", "", "  # why", " # see ticket"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Return config-like YAML: sections two deep, comments at random, block and flow lists."""
    lines: list[str] = []
    for section in draw(st.lists(_KEYS, unique=True, max_size=3)):
        if draw(st.booleans()):
            lines.append(f"# about {section}")
        if draw(st.booleans()):
            lines.append(f"{section}: {scalar(draw(_VALUES))}{draw(_REMARKS)}")
            continue
        lines.append(f"{section}:{draw(_REMARKS)}")
        pad = draw(st.sampled_from(["  ", "    "]))
        for key in draw(st.lists(_KEYS, unique=True, max_size=3)):
            if draw(st.booleans()):
                lines.append(f"{pad}# about {key}")
            items = draw(_LISTS)
            in_block: bool = draw(st.booleans())
            if items and in_block:
                lines.append(f"{pad}{key}:{draw(_REMARKS)}")
                lines += [f"{pad}- {scalar(item)}{draw(_REMARKS)}" for item in items]
            else:
                lines.append(f"{pad}{key}: {scalar(draw(_VALUES))}{draw(_REMARKS)}")
        if draw(st.booleans()):
            lines.append("")
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


def remarks(text: str) -> int:
    """Count the comments that ``documents`` writes."""
    return sum(text.count(mark) for mark in ("# about ", "# why", "# see ticket"))


def flat(data: JsonObject, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Json]:
    """Return the values of sections by their place; empty ones are as good as none."""
    found: dict[tuple[str, ...], Json] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found |= flat(value, (*prefix, key))
        elif value is not None:
            found[(*prefix, key)] = value
    return found


@pytest.mark.capability("6.3")
@given(documents(), _KEYS, _KEYS, _VALUES)
def test_any_edit_means_what_was_asked_and_loses_no_comment(text: str, section: str, key: str, value: Json) -> None:
    before = parse(text).data
    if not isinstance(before.get(section), (dict, type(None))):
        with pytest.raises(BadYamlError):
            set_value(text, (section, key), value)
        return
    edited = set_value(text, (section, key), value)
    after = flat(parse(edited).data)
    assert after.pop((section, key)) == value
    kept = flat(before)
    kept.pop((section, key), None)
    assert after == kept
    assert remarks(edited) >= remarks(text)

    removed = unset_value(edited, (section, key))
    assert flat(parse(removed).data) == kept
    assert removed.count("# about ") == text.count("# about ")


@given(_VALUES)
def test_every_value_survives_being_written_on_a_line(value: Json) -> None:
    import yaml

    text = f"key: {scalar(value)}\n"
    assert text.count("\n") == 1
    assert parse(text).data == {"key": value}
    # Readers of YAML 1.1 (PyYAML, Ansible) see the same texts.
    if isinstance(value, str):
        assert yaml.safe_load(text) == {"key": value}


@pytest.mark.capability("6.3", "9.5")
def test_a_file_is_replaced_only_by_what_can_be_used_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("name: lab # mine\n")
    file.chmod(0o644)
    assert set_key(file, ("defaults", "node"), "pve1")["defaults"] == {"node": "pve1"}
    assert file.read_text() == "name: lab # mine\ndefaults:\n  node: pve1\n"
    assert file.stat().st_mode & 0o777 == 0o644
    before = file.read_bytes()
    with pytest.raises(ConfigError):
        set_key(file, ("defaults", "node"), 7)
    with pytest.raises(ConfigError):
        replace_text(file, "nome: x\n")
    with pytest.raises(NotFound):
        unset_key(file, ("safety", "mode"))
    assert file.read_bytes() == before
    assert unset_key(file, ("defaults",)) == {"name": "lab"}
    assert file.read_text() == "name: lab # mine\n"
