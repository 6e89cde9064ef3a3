"""Values and schemas as the plugin protocol (version 6) carries them."""

from __future__ import annotations

import json

import msgpack
from tf.gen import tfplugin_pb2 as pb

from tests.iac.provider.schema import UNKNOWN, Field, Group, Resource, Schema, State, Unknown, Value


def decode(raw: pb.DynamicValue) -> Value:
    """Return a value that Terraform core sent."""
    return msgpack.unpackb(raw.msgpack, ext_hook=lambda code, data: UNKNOWN, strict_map_key=False)


def encode(value: Value) -> pb.DynamicValue:
    """Return a value for Terraform core."""
    return pb.DynamicValue(msgpack=msgpack.packb(value, default=_unknown))


def _unknown(value: Value) -> msgpack.ExtType:
    if isinstance(value, Unknown):
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"no value of Terraform: {value!r}")


def shaped(schema: Schema, value: State) -> State:
    """Return an object with every attribute of its schema, as the protocol wants it."""
    made: State = {}
    for name, one in schema.items():
        found = value.get(name)
        if isinstance(one, Group):
            made[name] = [shaped(one.fields, item or {}) for item in found] if isinstance(found, list) else []
        elif one.fields and isinstance(found, dict):
            made[name] = shaped(one.fields, found)
        elif one.fields and isinstance(found, list):
            made[name] = [shaped(one.fields, item) for item in found]
        else:
            made[name] = found
    return made


def with_id(resource: Resource) -> Schema:
    """Return a resource's schema with the ``id`` that the SDK adds."""
    if resource.sdk and "id" not in resource.schema:
        return {**resource.schema, "id": Field(computed=True)}
    return resource.schema


def schema_of(schema: Schema, nested_attributes: bool) -> pb.Schema:
    """Return a schema as Terraform core asks for it."""
    return pb.Schema(version=0, block=_block(schema, nested_attributes))


def _block(schema: Schema, nested: bool) -> pb.Schema.Block:
    attributes = [_attribute(name, one, nested) for name, one in schema.items() if isinstance(one, Field)]
    blocks = [
        pb.Schema.NestedBlock(
            type_name=name,
            block=_block(one.fields, nested),
            nesting=pb.Schema.NestedBlock.LIST,
            min_items=one.min_items,
            max_items=one.max_items,
        )
        for name, one in schema.items()
        if isinstance(one, Group)
    ]
    return pb.Schema.Block(version=0, attributes=attributes, block_types=blocks)


def _attribute(name: str, one: Field, nested: bool) -> pb.Schema.Attribute:
    made = pb.Schema.Attribute(
        name=name,
        required=one.required,
        optional=not one.required and not one.read_only,
        # the framework marks what has a default as computed, the SDK does not
        computed=one.computed or one.read_only or (nested and one.default is not None),
        sensitive=one.sensitive,
        deprecated=one.deprecated,
    )
    if nested and one.fields:
        modes = {"object": "SINGLE", "list": "LIST", "set": "SET", "map": "MAP"}
        made.nested_type.nesting = getattr(pb.Schema.Object, modes[one.kind])
        made.nested_type.attributes.extend(_attribute(inner, it, nested) for inner, it in one.fields.items())
    else:
        made.type = json.dumps(one.type).encode()
    return made
