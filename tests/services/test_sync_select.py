"""Words of sync commands and the objects that they mean."""

from __future__ import annotations

import pytest

from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.sync_select import Candidate, select

KINDS = ("vm", "ct", "pool", "network")
AMONG = [
    Candidate("vm", "101", "web"),
    Candidate("vm", "102", "Web-two"),
    Candidate("ct", "201", "dns"),
    Candidate("pool", "prod", None),
    Candidate("pool", "101", None),
    Candidate("network", "pve1/vmbr0", None),
]


@pytest.mark.capability("2.7")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), "vm/101 vm/102 ct/201 pool/prod pool/101 network/pve1/vmbr0"),
        (("101",), "vm/101 pool/101"),
        (("vm/101",), "vm/101"),
        (("web*",), "vm/101 vm/102"),
        (("WEB",), "vm/101"),
        (("100-199",), "vm/101 vm/102"),
        (("ct", "prod"), "ct/201 pool/prod"),
        (("vm/1*",), "vm/101 vm/102"),
        (("vm/web",), "vm/101"),
        (("network/pve1/vmbr0",), "network/pve1/vmbr0"),
        (("network",), "network/pve1/vmbr0"),
        (("web", "vm/101"), "vm/101"),
    ],
)
def test_what_words_mean(words: tuple[str, ...], found: str) -> None:
    assert {f"{kind}/{ident}" for kind, ident in select(words, AMONG, KINDS)} == set(found.split())


@pytest.mark.capability("7.4")
@pytest.mark.parametrize("word", ["999", "nothing*", "300-400", "vm/201", "sdn-zone"])
def test_a_word_that_means_nothing_is_named(word: str) -> None:
    with pytest.raises(NotFound) as error:
        select(("101", word), AMONG, KINDS)
    assert word in error.value.message


@pytest.mark.capability("7.4")
def test_a_kind_with_a_bare_slash_is_no_word() -> None:
    with pytest.raises(UsageError):
        select(("vm/",), AMONG, KINDS)
