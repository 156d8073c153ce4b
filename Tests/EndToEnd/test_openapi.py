"""The API description: valid, served as it should be, and of exactly the routes there are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import requests
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from conftest import ServerFactory
from server import BINARY, OPEN_LIMITS, REPOSITORY, Server

METHODS = ("get", "put", "post", "delete")
ROUTES = REPOSITORY / "Sources/Metrics/Vocabulary/Route.swift"
# What to put in a template's place: there is no such room, handle or file.
EXAMPLES = {"id": "nobody-here", "handle": "nobody", "file": "nothing.css"}


@pytest.fixture(scope="module")
def served(shared_server: Server) -> requests.Response:
    return shared_server.get("/api/openapi.json")


@pytest.fixture(scope="module")
def document(served: requests.Response) -> dict[str, Any]:
    return served.json()


def parts(value: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with where it stands, the document itself first."""
    if isinstance(value, dict):
        yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from parts(child, f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}")


def errors(document: dict[str, Any], schema: Any, example: Any) -> list[str]:
    """What is wrong with an example of a schema that may point into the document."""
    whole = {"allOf": [schema], "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(example)]


def concrete(template: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: EXAMPLES[name[1]], template)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for template, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield template, method.upper(), item[method]


def test_it_is_served_as_json_that_may_be_kept_for_a_minute(served: requests.Response) -> None:
    assert served.status_code == 200
    assert served.headers["Content-Type"].startswith("application/json")
    assert served.headers["Cache-Control"] == "public, max-age=60"
    assert "{{" not in served.text


def test_it_names_the_server_that_was_asked(shared_server: Server, document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == [shared_server.url]


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [f"{error.instance_path}: {error.message}" for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    schemas = list(document["components"]["schemas"].items())
    schemas += [(where, part["schema"]) for where, part in parts(document) if isinstance(part.get("schema"), dict)]
    assert [where for where, schema in schemas if not jsonschema_rs.meta.is_valid(schema)] == []


def test_every_reference_leads_somewhere_and_every_component_is_referred_to(document: dict[str, Any]) -> None:
    there = {where for where, _ in parts(document)}
    referred = {part["$ref"] for _, part in parts(document) if isinstance(part.get("$ref"), str)}
    assert referred - there == set()
    components = {where for where in there if re.fullmatch(r"#/components/(?!securitySchemes)\w+/\w+", where)}
    assert components - referred == set()
    used = {name for _, _, operation in operations(document) for way in operation.get("security", ()) for name in way}
    assert used == set(document["components"]["securitySchemes"])


def test_examples_are_what_their_schemas_say(document: dict[str, Any]) -> None:
    examples = [
        (f"{name}[{number}]", schema, example)
        for name, schema in document["components"]["schemas"].items()
        for number, example in enumerate(schema.get("examples", ()))
    ]
    examples += [(where, part["schema"], part["example"]) for where, part in parts(document) if "example" in part]
    assert len(examples) > 50
    wrong = {where: errors(document, schema, example) for where, schema, example in examples}
    assert {where: said for where, said in wrong.items() if said} == {}


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    for template, item in document["paths"].items():
        described = [parameter["$ref"].rpartition("/")[2] for parameter in item.get("parameters", ())]
        names = [document["components"]["parameters"][name]["name"] for name in described]
        assert names == re.findall(r"\{(\w+)\}", template), template


def test_operations_have_names_of_their_own_and_tags_that_are_explained(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in document["tags"]}
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} == tags


def test_every_route_is_described_with_its_methods(shared_server: Server, document: dict[str, Any]) -> None:
    templates = re.findall(r'case \.\w+: "(/[^"]*)"', ROUTES.read_text())
    assert len(templates) > 30
    described: dict[str, set[str]] = {template: set() for template in document["paths"]}
    for template, method, _ in operations(document):
        described[template].add(method)
    answered: dict[str, set[str]] = {}
    for template in (re.sub(r":(\w+)", r"{\1}", route) for route in templates):
        response = shared_server.http.options(shared_server.url + concrete(template), timeout=10)
        assert response.status_code == 200, template
        answered[template] = {method.strip() for method in response.headers["Allow"].split(",")} - {"HEAD"}
    assert described == answered


def test_everything_described_is_answered_as_described(
    start_server: ServerFactory, document: dict[str, Any]
) -> None:
    # These are off unless they are asked for.
    server = start_server(**OPEN_LIMITS, PUBLIC_STATUS="1", SECURITY_CONTACT="mailto:security@relay.example")
    for template, method, operation in operations(document):
        # An event stream has opened the room by the time somebody would wait in it.
        address = server.url + concrete(template) + "?timeout=0"
        response = server.http.request(method, address, timeout=10, stream=True, allow_redirects=False)
        with response:
            assert str(response.status_code) in operation["responses"], (method, template, response.status_code)
            assert response.status_code != 405, (method, template)
            if response.status_code == 404:
                # The route's own word, not the router's.
                reason = response.json()["reason"]
                assert reason.startswith("unknown_") and reason != "unknown_route", (method, template, reason)


def test_the_file_leaves_origin_and_version_to_the_server(document: dict[str, Any]) -> None:
    text = Path(REPOSITORY / "Public/openapi.json").read_text()
    assert text.count("{{origin}}") == text.count("{{version}}") == 1 and text.count("{{") == 2
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
    assert document["info"]["version"] in version.split()
