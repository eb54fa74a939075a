#!/usr/bin/env python3
"""Makes types.txt from schemas.json of the fixtures (catalog-model §4.1): each type once, with the catalog versions that
have it. Run by hand when a catalog version is added:  convert.py schemas.json > types.txt"""

import json
import sys


def spell(type_):
    """A type of schemas.json in the words of types.txt."""
    if isinstance(type_, str):
        return type_
    (how, inner), = type_.items()
    return {"ref": "", "option": "?", "list": "*"}[how] + spell(inner)


def lines(type_):
    """The definition of a type, without its name."""
    kind = type_["kind"]
    if kind == "struct":
        yield "struct"
        for field in type_["fields"]:
            yield f"  {field['name']} {spell(field['type'])}{' default' if field.get('serde_default') else ''}"
    elif kind == "newtype":
        yield "newtype"
        yield f"  {spell(type_['inner'])}"
    elif kind == "int_enum":
        yield "numbers"
        for name, number in type_["values"].items():
            yield f"  {name} {number}"
    else:
        yield "kinds" if type_["tagging"] == "internal:kind" else "choice"
        for name, variant in type_["variants"].items():
            yield f"  {name}" + (f" {spell(variant['payload'])}" if "payload" in variant else "")


def ranges(numbers):
    """[67, 68, 69, 72] as "67-69,72"."""
    runs = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        versions = json.load(file)["versions"]
    found = {}
    print("# The types of catalog rows by version, made by convert.py from the fixtures' schemas.json (catalog-model §4.1).")
    print("# version NUMBER SHAPE ROOT; then each type: WHAT NAME VERSIONS and its members. ?T may be null, *T is a list of T.")
    for number in sorted(versions, key=int):
        version = versions[number]
        types = version
        while "same_types_as" in types:
            types = versions[str(types["same_types_as"])]
        print(f"version {number} {version['era']} {types['root']}")
        for name, type_ in types["types"].items():
            found.setdefault((name, "\n".join(lines(type_))), []).append(int(number))
    for (name, text), numbers in found.items():
        what, *members = text.split("\n")
        print(f"{what} {name} {ranges(numbers)}")
        for member in members:
            print(member)


main()
