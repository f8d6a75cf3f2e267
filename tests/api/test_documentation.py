"""What is not documented fails here."""

from __future__ import annotations

import re
from pathlib import Path

from api.errors import STATUS_OF_CODE
from settings import ROOT

DOCS = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
#: Rooms whose errors reach a client of the API.
INPUT_ROOMS = ("pipeline/documents", "pipeline/visuals/images.py", "pipeline/visuals/folder.py")


def rules(app):
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def test_every_address_is_in_the_documentation_and_in_the_description(app, anyone):
    described = anyone.get("/v1/openapi.json").json["paths"]
    for method, path in rules(app):
        assert f"`{method} {path}`" in DOCS, f"{method} {path} is not in docs/api.md"
        assert path == "/v1/openapi.json" or method.lower() in described[path]
    documented = re.findall(r"\| `([A-Z]+) (\S+)` \|", DOCS)
    assert set(documented) == set(rules(app))


def codes_of_inputs() -> set[str]:
    found = set()
    for room in INPUT_ROOMS:
        path = ROOT / room
        for source in [path] if path.is_file() else path.glob("*.py"):
            found |= set(re.findall(r'code="([a-z0-9_]+)"', Path(source).read_text(encoding="utf-8")))
    return found


def test_every_error_code_is_in_the_documentation_with_its_status():
    documented = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (\d{3}) \|", DOCS, re.MULTILINE))
    statuses = {code: str(status) for code, status in STATUS_OF_CODE.items()}
    assert {code: documented.get(code) for code in statuses} == statuses
    for code in codes_of_inputs():
        assert documented.get(code) == statuses.get(code, "422"), f"{code} is not in docs/api.md, or with another status"


def test_every_code_that_the_api_raises_has_a_status():
    for source in (ROOT / "api").rglob("*.py"):
        for code in re.findall(r'ApiError\(\s*"([a-z_]+)"', source.read_text(encoding="utf-8")):
            assert code in STATUS_OF_CODE, f"{code} in {source}"


def test_the_description_lists_the_fields_of_both_kinds_of_body(anyone):
    spec = anyone.get("/v1/openapi.json").json
    body = spec["paths"]["/v1/videos"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    name = body["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
    assert {"text", "document", "images", "voice", "aspect"} <= set(spec["components"]["schemas"][name]["properties"])


def test_every_field_is_in_the_documentation(anyone):
    schemas = anyone.get("/v1/openapi.json").json["components"]["schemas"]
    for name in ("SpeechRequest", "VideoRequest", "VideoForm"):
        for field in schemas[name]["properties"]:
            assert f"`{field}`" in DOCS, f"{field} is not in docs/api.md"
