"""What the rows of an operation say, taken together."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


@pytest.mark.capability("7.7")
def test_what_was_created_stands_in_the_journal_with_the_id_that_it_got(lab: Pmpc) -> None:
    made = lab.ok("vm", "create", "fresh", "--disk", "local-lvm:4", "--yes")
    page = lab.ok("audit", "show", str(made["operation"]))
    assert [(one["id"], one["name"], one["good"]) for one in page["targets"]] == [(made["id"], "fresh", True)]
    (row,) = [one for one in lab.ok("audit", "list") if one["operation"] == made["operation"]]
    assert row["first"] == f"VM {made['id']} (fresh)"
    report = lab.ok("audit", "show", str(made["operation"]), "--report")
    assert not [line for line in report["advice"] if "--retry-failed" in line]
