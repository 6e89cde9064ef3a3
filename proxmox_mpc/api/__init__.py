"""The HTTP client of the PVE API."""
