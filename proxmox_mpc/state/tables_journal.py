"""The table of the journal."""

from __future__ import annotations

from sqlalchemy import Column, Text
from sqlmodel import Field

from proxmox_mpc.state.tables import Recorded


class JournalRow(Recorded, table=True):
    """One thing that was meant, sent or learnt; rows are only ever added (``audit prune`` apart)."""

    __tablename__ = "journal"

    seq: int = Field(primary_key=True)
    at: str = Field(index=True)
    operation: int = Field(index=True)
    """The ``seq`` of the row that began the operation; 0 for what belongs to none."""
    step: int
    event: str = Field(index=True)
    body: str = Field(sa_column=Column(Text, nullable=False))
    """JSON in its canonical form: the hash is over this very text."""
    hash: str
