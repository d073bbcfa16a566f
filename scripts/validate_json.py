#!/usr/bin/python3
"""Holds JSON documents against a schema of docs/schema/, by Debian's python3-jsonschema.

    validate_json.py NAME FILE...           one document a file
    validate_json.py --lines NAME FILE...   one document a line
    validate_json.py --schemas              the schemas themselves: valid, closed, described

Prints what does not fit, one line each. Exit status: 0 all fits, 1 something does not.
"""
import json
import pathlib
import sys

from jsonschema import Draft202012Validator, RefResolver

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs" / "schema"


def parse(text):
    """Strictly: no name twice in one object, no NaN."""

    def members(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise ValueError(f"a name twice in one object: {names}")
        return dict(pairs)

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, object_pairs_hook=members, parse_constant=refuse)


def validator(name):
    schemas = {path.as_uri(): parse(path.read_text()) for path in FOLDER.glob("*.json")}
    uri = (FOLDER / f"{name}.json").as_uri()
    return Draft202012Validator(schemas[uri], resolver=RefResolver(uri, schemas[uri], store=schemas))


def unfit(name, files, by_line):
    checker = validator(name)
    for file in files:
        text = pathlib.Path(file).read_text()
        for number, part in enumerate(text.splitlines() if by_line else [text], 1):
            place = f"{file} line {number}" if by_line else file
            try:
                document = parse(part)
            except ValueError as error:
                yield f"{place}: {error}"
                continue
            for error in checker.iter_errors(document):
                yield f"{place}: {error.json_path}: {error.message[:300]}"


def flaws(schema, place):
    """What a reader of a schema would miss: objects that let anything in, members without a word."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from flaws(part, f"{place}/{number}")
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties", True) is True:
        yield f"{place}: an object that may hold anything"
    for name, member in schema.get("properties", {}).items():
        if not {"description", "$ref"} & set(member):
            yield f"{place}: {name} has no description"
    for key in ("properties", "$defs"):
        for name, part in schema.get(key, {}).items():
            yield from flaws(part, f"{place}/{key}/{name}")
    for key in ("items", "additionalProperties", "prefixItems", "oneOf", "anyOf", "allOf"):
        yield from flaws(schema.get(key), f"{place}/{key}")


def schema_flaws():
    for path in sorted(FOLDER.glob("*.json")):
        schema = parse(path.read_text())
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
            yield f"{path.name}: {error.json_path}: {error.message[:300]}"
        yield from flaws(schema, path.name)


def main(words):
    by_line = "--lines" in words
    words = [word for word in words if word != "--lines"]
    problems = list(schema_flaws() if words == ["--schemas"] else unfit(words[0], words[1:], by_line))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
