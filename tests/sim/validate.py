#!/usr/bin/env python3
"""Holds a JSON file to a schema: validate.py SCHEMA FILE...

Knows the part of JSON Schema that reports/results.schema.json uses, and refuses a schema that uses more.
"""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
KNOWN = {"$schema", "title", "description", "type", "required", "additionalProperties", "properties", "const", "enum", "items", "pattern", "minimum", "$ref", "$defs"}


def problems(value, schema, root, where):
    unknown = set(schema) - KNOWN
    if unknown:
        yield f"{where}: the schema uses {', '.join(sorted(unknown))}, which validate.py does not know"
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from problems(value, target, root, where)
    if "const" in schema and value != schema["const"]:
        yield f"{where}: is {value!r}, not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{where}: is {type(value).__name__}, not {kind}"
        return
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value} is below {schema['minimum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: {name} is missing"
        more = schema.get("additionalProperties", True)
        for name, member in value.items():
            if name in schema.get("properties", {}):
                yield from problems(member, schema["properties"][name], root, f"{where}.{name}")
            elif more is False:
                yield f"{where}: {name} is not in the schema"
            elif isinstance(more, dict):
                yield from problems(member, more, root, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], root, f"{where}[{index}]")


def main():
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    found = [f"{name}: {problem}" for name in sys.argv[2:] for problem in problems(json.load(open(name, encoding="utf-8")), schema, schema, "$")]
    print("\n".join(found[:20]) if found else f"{len(sys.argv) - 2} files hold to the schema")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
