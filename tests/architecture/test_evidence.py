"""The capability ids that tests may name are those of the requirements page."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tests.tools.evidence import ALL_IDS, required_ids, requirements


def test_the_ids_are_those_of_the_requirements() -> None:
    page = requirements(ROOT)
    if not page.exists():
        pytest.skip("the requirements page does not lie beside this checkout")
    assert required_ids(page.read_text(encoding="utf-8")) == ALL_IDS
