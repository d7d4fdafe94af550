"""Whether the answers of `--json` are those that docs/schemas describes."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
SCHEMAS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def closed(schema: Any) -> Any:
    """The same, but with no member that it does not name, so that none goes undescribed here."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


FILES = Registry().with_resources(
    (f"{name}.json", Resource.from_contents(closed(schema))) for name, schema in SCHEMAS.items()
)


def check(command: str, stdout: str) -> None:
    """Compare what a command printed: one answer, or, of a camera, one in each line."""
    validator = Draft202012Validator(closed(SCHEMAS[command]), registry=FILES)
    try:
        answers = [json.loads(stdout)]
    except ValueError:
        answers = [json.loads(line) for line in stdout.splitlines()]
    for answer in answers:
        validator.validate(answer)
