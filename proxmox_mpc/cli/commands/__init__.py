"""One module a noun; each builds its Typer group."""
