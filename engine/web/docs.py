"""The API on one page, from its own description: no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Antiphon: the API</title>
<meta name="viewport" content="width=device-width"></head><body>
<h1>Antiphon: the API</h1>
<p>Everything under <code>/api</code> needs the header
<code>Authorization: Bearer TOKEN</code>; changes need <code>Content-Type:
application/json</code>. Sockets: <code>/api/socket</code>,
<code>/api/identify/stream</code>. The description for programs:
<a href="/openapi.json">openapi.json</a>.</p>
"""


def page(description: dict[str, Any]) -> str:
    """Return an OpenAPI description as HTML."""
    schemas = description.get("components", {}).get("schemas", {})
    parts = [_HEAD, "<dl>"]
    for path, methods in description["paths"].items():
        for method in _METHODS:
            if method in methods:
                parts.append(_entry(path, method, methods[method], schemas))
    parts.append("</dl></body></html>\n")
    return "\n".join(parts)


def _entry(path: str, method: str, one: dict[str, Any], schemas: dict[str, Any]) -> str:
    title = f"<dt><code>{method.upper()} {escape(path)}</code></dt>"
    words = escape(one.get("description") or one.get("summary", ""))
    given = [
        f"{escape(each['name'])} ({each['in']}{_range(each.get('schema', {}))})"
        for each in one.get("parameters", [])
    ]
    body = one.get("requestBody", {}).get("content", {})
    for kind, content in body.items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = schemas.get(name, {}).get("properties", {})
        inside = ", ".join(f"{escape(key)}{_range(value)}" for key, value in fields.items())
        given.append(f"{escape(kind)} {{{inside}}}" if inside else escape(kind))
    said = f"<dd>{words}</dd>"
    if given:
        said += f"<dd><small>{'; '.join(given)}</small></dd>"
    return title + said


def _range(schema: dict[str, Any]) -> str:
    choices = schema.get("anyOf", [schema])
    for one in choices:
        low = one.get("minimum", one.get("exclusiveMinimum"))
        if low is not None and "maximum" in one:
            return f" {low:g}..{one['maximum']:g}"
    return ""
