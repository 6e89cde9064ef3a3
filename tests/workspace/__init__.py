"""Workspaces: layout, configuration, secrets, precedence, and the commands."""
