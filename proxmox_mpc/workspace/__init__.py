"""The workspace: its layout, configuration, secrets and registry."""
