"""What docs/output.md says of streams, colours, conditions and partial answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served

NODE_DOWN = [{"kind": "offline", "node": "pve2"}]


@pytest.mark.capability("10.2", "10.4")
@pytest.mark.parametrize("form", ["table", "json"])
def test_quiet_leaves_warnings_out_and_not_errors(form: str, pmpc: Pmpc, serve: Callable[..., Served]) -> None:
    served = serve("homelab", faults=NODE_DOWN)
    loud = pmpc("vm", "list", "-o", form, env=served.environ)
    assert loud.status == 11 and "node pve2 does not answer" in loud.stderr
    for argv in (("-q", "vm", "list"), ("vm", "list", "--quiet")):
        quiet = pmpc(*argv, "-o", form, env=served.environ)
        assert (quiet.status, quiet.stderr) == (11, "")
        assert quiet.stdout.count("unknown") == loud.stdout.count("unknown") > 0
    assert "there is no virtual machine" in pmpc("vm", "show", "999", "-q", "-o", form, env=served.environ).stderr


@pytest.mark.capability("10.2", "10.7")
def test_colours_are_asked_for_or_forbidden(lab: Pmpc) -> None:
    asked = lab("vm", "show", "999", "--color", "always").stderr
    assert "\x1b[" in asked
    assert "\x1b[" not in lab("vm", "show", "999").stderr  # no terminal
    assert "\x1b[" not in lab("vm", "show", "999", env={"NO_COLOR": "1"}).stderr


@pytest.mark.capability("2.3", "10.4")
def test_a_partial_answer_may_count_as_done(pmpc: Pmpc, serve: Callable[..., Served]) -> None:
    served = serve("homelab", faults=NODE_DOWN)
    assert pmpc("vm", "list", env=served.environ).status == 11
    allowed = pmpc("vm", "list", "--allow-partial", env=served.environ)
    assert allowed.status == 0 and "does not answer" in allowed.stderr
    assert pmpc("vm", "list", env={**served.environ, "PMPC_ALLOW_PARTIAL": "1"}).status == 0


@pytest.mark.capability("10.4")
@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("memory>=8G", ["db", "win11", "k8s-w1", "desktop"]),
        ("name~^K8S-", ["k8s-cp1", "k8s-w1", "k8s-w2"]),
        ("status=STOPPED", ["win11", "legacy-erp", "debian-13-cloud"]),
        ("tags=prod", ["web", "db", "docker"]),
        ("lock!=-", ["legacy-erp"]),
        ("template=yes", ["debian-13-cloud"]),
        ("uptime>30d", ["router"]),
    ],
)
def test_conditions_mean_what_the_page_says(condition: str, names: list[str], lab: Pmpc) -> None:
    assert [row["name"] for row in lab.ok("vm", "list", "--filter", condition)] == names
