"""PVE's facts of the family ``root``; the package describes the form."""

ENDPOINTS: dict[str, str] = {
    "GET /version": r"""
check all
""",
}
