"""Worlds that can be opened by name; each module has ``build(created: int, ...) -> World``."""
