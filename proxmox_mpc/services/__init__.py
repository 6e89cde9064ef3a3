"""Use cases: they compose sources, state and domain; no printing, no prompting."""
