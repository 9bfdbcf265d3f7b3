"""Describes the server by its own routes and forms, as OpenAPI."""

import re
from importlib.metadata import version
from typing import Any

import msgspec

from freehold.server.dialects.base import Dialect, Route

PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


def described(dialects: list[Dialect]) -> dict[str, Any]:
    """The OpenAPI description of all routes."""
    routes = [(dialect, route) for dialect in dialects for route in dialect.routes]
    bodies = list(dict.fromkeys(route.form.body for _, route in routes if route.form))
    schemas, components = msgspec.json.schema_components(
        bodies, ref_template="#/components/schemas/{name}"
    )
    by_body = dict(zip(bodies, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for dialect, route in routes:
        path = PARAMETER.sub(r"{\1}", route.path)
        found = _operation(dialect, route, by_body)
        paths.setdefault(path, {})[route.method.lower()] = found
    return {
        "openapi": "3.1.0",
        "info": {"title": "Freehold", "version": version("freehold")},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(dialect: Dialect, route: Route, by_body: dict[Any, Any]) -> dict[str, Any]:
    names = PARAMETER.findall(route.path)
    told: dict[str, Any] = {
        "tags": [dialect.name],
        "responses": {
            "200": {"description": "The answer."},
            "default": {"description": "What is wrong, in the form of the protocol."},
        },
    }
    if names:
        text = {"type": "string"}
        told["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": text} for name in names
        ]
    if route.form:
        kind = {"application/json": {"schema": by_body[route.form.body]}}
        told["requestBody"] = {"required": True, "content": kind}
        told["summary"] = " ".join((route.form.__class__.__doc__ or "").split())
    return told
