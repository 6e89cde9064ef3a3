"""PVE property strings (``virtio=BC:24:11:..,bridge=vmbr0``, ``local-lvm:vm-100-disk-0,size=32G``), without loss.

A property string is a list of ``key=value`` joined by commas; one part may stand without a key for the format's default
key (pve-common PVE/JSONSchema.pm, parse_property_string). There is no quoting: a value can hold ``=`` but no comma.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from proxmox_mpc.domain.sizes import parse_size
from proxmox_mpc.errors import UsageError

_TRUE = frozenset({"1", "on", "yes", "true"})


@dataclass(frozen=True, slots=True)
class PropertyString:
    """An immutable property string: ``items`` in their order, the key None where none is written.

    ``default_key`` is the key that a bare value stands for; ``get`` and ``with_`` know it under both spellings.
    """

    items: tuple[tuple[str | None, str], ...] = ()
    default_key: str | None = None

    @classmethod
    def parse(cls, text: str, default_key: str | None = None) -> PropertyString:
        """Read any text; ``str`` of the result is the same text again."""
        if not text:
            return cls((), default_key)
        return cls(tuple(_item(part) for part in text.split(",")), default_key)

    def __str__(self) -> str:
        return ",".join(value if key is None else f"{key}={value}" for key, value in self.items)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield keys and values, the bare value under the default key (or the empty text), empty parts left out."""
        for key, value in self.items:
            if key is not None or value:
                yield self._key(key), value

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return the value of ``key``, whichever way it is written."""
        for written, value in self.items:  # a pull asks this a hundred thousand times: no generator in between
            if written == key or (written is None and value and key == (self.default_key or "")):
                return value
        return default

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a boolean: inside a property string 1, on, yes and true are all true."""
        value = self.get(key)
        return default if value is None else value.lower() in _TRUE

    def with_(self, key: str, value: str | int | bool) -> PropertyString:
        """Return a copy in which ``key`` has ``value``, in its old place or at the end.

        Raises UsageError for a comma in the value: PVE would read what follows it as another property.
        """
        written = str(int(value)) if isinstance(value, bool) else str(value)
        if "," in written or not key or set(key) & set(",="):
            raise UsageError(f"{key}={written}: a property can hold no comma")
        for index, (known, _) in enumerate(self.items):
            if self._key(known) == key:
                changed = (*self.items[:index], (known, written), *self.items[index + 1 :])
                return PropertyString(changed, self.default_key)
        return PropertyString((*self.items, (key, written)), self.default_key)

    def without(self, *keys: str) -> PropertyString:
        """Return a copy in which none of ``keys`` is set."""
        return PropertyString(tuple(item for item in self.items if self._key(item[0]) not in keys), self.default_key)

    def _key(self, written: str | None) -> str:
        return written if written is not None else self.default_key or ""


def _item(part: str) -> tuple[str | None, str]:
    key, equals, value = part.partition("=")
    return (key, value) if equals else (None, part)


class Disk(NamedTuple):
    """A VM's drive or a container's volume: ``volume`` (``none``, a volid or a path) and all other properties.

    ``storage`` and ``name`` split a volid (``local-lvm:vm-100-disk-0``); both are None for a path and for ``none``.
    ``size`` is in bytes, None where the string names none.
    """

    volume: str
    storage: str | None
    name: str | None
    size: int | None
    cdrom: bool
    properties: PropertyString

    @classmethod
    def parse(cls, text: str) -> Disk:
        """Read a drive (default key ``file``) or a container's volume (default key ``volume``)."""
        properties = PropertyString.parse(text, "file")
        volume = properties.get("file") or properties.get("volume") or ""
        storage, colon, name = volume.partition(":")
        on_storage = bool(colon) and "/" not in storage
        return cls(
            volume=volume,
            storage=storage if on_storage else None,
            name=name if on_storage else None,
            size=_size(properties.get("size")),
            cdrom=properties.get("media") == "cdrom",
            properties=properties,
        )


def _size(text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except UsageError:
        return None


class Nic(NamedTuple):
    """A network card: of a VM (``virtio=MAC,bridge=…``) or of a container (``name=eth0,hwaddr=MAC,bridge=…``).

    ``model`` is None for a container, ``name`` None for a VM; ``tag`` is the VLAN.
    """

    model: str | None
    name: str | None
    mac: str | None
    bridge: str | None
    tag: int | None
    firewall: bool
    link_down: bool
    properties: PropertyString

    @classmethod
    def parse(cls, text: str) -> Nic:
        """Read a ``netN`` value; a VM's model comes as ``virtio=MAC``, ``virtio`` or ``model=virtio,macaddr=MAC``."""
        properties = PropertyString.parse(text, "model")
        name = properties.get("name")
        model, mac = properties.get("model"), properties.get("macaddr") or properties.get("hwaddr")
        if name is None and model is None:
            model, mac = next(((key, value) for key, value in properties if key in _MODELS), (None, mac))
        tag = properties.get("tag") or ""
        return cls(
            model=model,
            name=name,
            mac=mac,
            bridge=properties.get("bridge"),
            tag=int(tag) if tag.isascii() and tag.isdecimal() else None,
            firewall=properties.flag("firewall"),
            link_down=properties.flag("link_down"),
            properties=properties,
        )


# The values of ``model`` in qemu-server's net format, each also an alias key that carries the MAC.
_MODELS = frozenset(
    [
        *("e1000", "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e", "i82551", "i82557b", "i82559er"),
        *("ne2k_isa", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3"),
    ]
)
