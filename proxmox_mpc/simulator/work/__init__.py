"""The workers of tasks, by family; each module maps task types to workers in ``WORKERS``."""
