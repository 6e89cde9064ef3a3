"""The stub as a gRPC server: what Terraform core asks for a plan, and nothing that changes anything."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from tests.iac.provider import framework, sdk
from tests.iac.provider.resources import PROVIDER, RESOURCES, known
from tests.iac.provider.schema import Field, Group, Refused, Resource, Schema, State, Unknown
from tests.iac.provider.wire import decode, encode, schema_of, shaped, with_id
from tests.iac.provider.world import Documents, World

SOURCE = "registry.terraform.io/bpg/proxmox"


class Servicer(rpc.ProviderServicer):  # type: ignore[misc]  # generated without types
    """Answers for one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._resources: Mapping[str, Resource] = known(world.release)

    def GetMetadata(self, request: Any, context: Any) -> pb.GetMetadata.Response:
        """Return the names of all resources."""
        return pb.GetMetadata.Response(
            server_capabilities=pb.ServerCapabilities(get_provider_schema_optional=True),
            resources=[pb.GetMetadata.ResourceMetadata(type_name=name) for name in self._resources],
        )

    def GetProviderSchema(self, request: Any, context: Any) -> pb.GetProviderSchema.Response:
        """Return every schema."""
        return pb.GetProviderSchema.Response(
            provider=schema_of(PROVIDER, nested_attributes=False),
            resource_schemas={
                name: schema_of(with_id(one), nested_attributes=not one.sdk) for name, one in self._resources.items()
            },
        )

    def ValidateProviderConfig(self, request: Any, context: Any) -> pb.ValidateProviderConfig.Response:
        """Accept any configuration of the provider."""
        return pb.ValidateProviderConfig.Response()

    def ConfigureProvider(self, request: Any, context: Any) -> pb.ConfigureProvider.Response:
        """Accept any configuration of the provider."""
        return pb.ConfigureProvider.Response()

    def StopProvider(self, request: Any, context: Any) -> pb.StopProvider.Response:
        """Take note."""
        return pb.StopProvider.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> pb.ValidateResourceConfig.Response:
        """Answer what the provider's validators find wrong."""
        resource = self._resources[request.type_name]
        config = decode(request.config)
        found = list(_checked(resource.schema, config or {}, ""))
        if resource.validate is not None:
            found += resource.validate(config)
        return pb.ValidateResourceConfig.Response(diagnostics=[_error(text) for text in found])

    def UpgradeResourceState(self, request: Any, context: Any) -> pb.UpgradeResourceState.Response:
        """Return the state as it is."""
        resource = self._resources[request.type_name]
        raw = json.loads(request.raw_state.json)
        return pb.UpgradeResourceState.Response(upgraded_state=encode(shaped(with_id(resource), raw)))

    def ImportResourceState(self, request: Any, context: Any) -> pb.ImportResourceState.Response:
        """Return the state that reading starts from."""
        resource = self._resources[request.type_name]
        try:
            if resource.begin is None:
                raise Refused(f"{request.type_name} doesn't support import")
            state = shaped(with_id(resource), resource.begin(request.id))
        except Refused as why:
            return pb.ImportResourceState.Response(diagnostics=[_error(str(why))])
        one = pb.ImportResourceState.ImportedResource(type_name=request.type_name, state=encode(state))
        return pb.ImportResourceState.Response(imported_resources=[one])

    def ReadResource(self, request: Any, context: Any) -> pb.ReadResource.Response:
        """Return what the provider puts into state."""
        resource = self._resources[request.type_name]
        state = decode(request.current_state)
        try:
            read = resource.read(self._world, state)
        except Refused as why:
            return pb.ReadResource.Response(diagnostics=[_error(str(why))])
        if read is None:
            return pb.ReadResource.Response(new_state=encode(None))
        made = shaped(with_id(resource), {**state, **read})
        return pb.ReadResource.Response(new_state=encode(made))

    def PlanResourceChange(self, request: Any, context: Any) -> pb.PlanResourceChange.Response:
        """Return what would become of the state."""
        resource = self._resources[request.type_name]
        prior, proposed = decode(request.prior_state), decode(request.proposed_new_state)
        if proposed is None:
            return pb.PlanResourceChange.Response(planned_state=encode(None))
        config: State = decode(request.config)
        planner = sdk if resource.sdk else framework
        planned, replace = planner.plan(resource, prior, config)
        return pb.PlanResourceChange.Response(
            planned_state=encode(shaped(with_id(resource), planned)),
            requires_replace=[_path(one) for one in sorted(replace, key=repr)],
            legacy_type_system=resource.sdk,
        )

    def ApplyResourceChange(self, request: Any, context: Any) -> pb.ApplyResourceChange.Response:
        """Refuse: there is nothing behind the stub."""
        return pb.ApplyResourceChange.Response(diagnostics=[_error("the stub provider changes nothing")])


def _checked(schema: Schema, value: State, where: str) -> Iterator[str]:
    for name, one in schema.items():
        found = value.get(name)
        if isinstance(one, Group):
            for at, item in enumerate(found or []):
                yield from _checked(one.fields, item or {}, f"{where}{name}.{at}.")
        elif found is None or isinstance(found, Unknown):
            continue
        elif one.fields and isinstance(found, dict):
            yield from _checked(one.fields, found, f"{where}{name}.")
        elif one.check is not None:
            many = found if isinstance(one, Field) and one.kind in ("list", "set") else [found]
            wrong = [text for item in many if not isinstance(item, Unknown) and (text := one.check(item))]
            yield from (f"expected {where}{name} {text}" for text in wrong)


def _error(text: str) -> pb.Diagnostic:
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=text)


def _path(path: tuple[str | int, ...]) -> pb.AttributePath:
    steps = [
        pb.AttributePath.Step(element_key_int=one)
        if isinstance(one, int)
        else pb.AttributePath.Step(attribute_name=one)
        for one in path
    ]
    return pb.AttributePath(steps=steps)


def _step(one: str | int) -> pb.AttributePath.Step:
    if isinstance(one, int):
        return pb.AttributePath.Step(element_key_int=one)
    return pb.AttributePath.Step(attribute_name=one)


@contextmanager
def serving(documents: Documents, release: str = "0.111.1") -> Iterator[dict[str, str]]:
    """Serve a world; yields the environment in which Terraform finds the stub and asks nobody else."""
    with tempfile.TemporaryDirectory(prefix="stub") as folder, ThreadPoolExecutor(max_workers=8) as pool:
        socket = Path(folder, "socket")
        server = grpc.server(pool, options=[("grpc.max_receive_message_length", -1)])
        rpc.add_ProviderServicer_to_server(Servicer(World(documents, release)), server)
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        address = {"Network": "unix", "String": str(socket)}
        attach = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
        empty = Path(folder, "cli.tfrc")
        empty.touch()
        try:
            yield {
                "TF_REATTACH_PROVIDERS": json.dumps({SOURCE: attach}),
                "TF_CLI_CONFIG_FILE": str(empty),
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
            }
        finally:
            server.stop(grace=None).wait()


__all__ = ["RESOURCES", "SOURCE", "Servicer", "serving"]
