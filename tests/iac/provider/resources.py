"""Every resource type that the stub serves."""

from __future__ import annotations

from collections.abc import Mapping

from tests.iac.provider import access, container, vm
from tests.iac.provider.schema import Field, Group, Resource, Schema

PROVIDER: Schema = {
    **{name: Field() for name in ("endpoint", "username", "min_tls", "tmp_dir", "random_vm_id_start")},
    **{name: Field(sensitive=True) for name in ("password", "api_token", "auth_ticket", "otp")},
    "csrf_prevention_token": Field(sensitive=True),
    **{name: Field("bool") for name in ("insecure", "random_vm_ids")},
    "ssh": Group(
        {
            **{name: Field() for name in ("username", "private_key", "agent_socket")},
            **{name: Field() for name in ("socks5_server", "socks5_username")},
            **{name: Field(sensitive=True) for name in ("password", "socks5_password")},
            **{name: Field("bool") for name in ("agent", "agent_forwarding")},
            "node": Group(
                {"name": Field(required=True), "address": Field(required=True), "port": Field("int")}, max_items=0
            ),
        }
    ),
}  # fmt: skip

RESOURCES: Mapping[str, Resource] = {
    "proxmox_virtual_environment_vm": vm.VM,
    "proxmox_virtual_environment_container": container.CONTAINER,
    "proxmox_virtual_environment_pool": access.POOL,
}


def known(release: str) -> Mapping[str, Resource]:
    """Return the resource types of a release of the provider."""
    if release == "0.111.1":
        return RESOURCES
    return {**RESOURCES, "proxmox_virtual_environment_container": container.NEWER_CONTAINER}
