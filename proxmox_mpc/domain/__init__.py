"""Frozen values and pure functions; nothing here does input or output."""
