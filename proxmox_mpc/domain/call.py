"""A write as a value: what would be sent, decided before anything is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Param

Method: TypeAlias = Literal["POST", "PUT", "DELETE"]


class Call(NamedTuple):
    """One writing request: a path made by ``api_path``, and its parameters; ``Secret`` values print as ``***``."""

    method: Method
    path: str
    form: Mapping[str, Param | Secret] = MappingProxyType({})
