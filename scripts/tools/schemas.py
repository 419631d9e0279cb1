"""JSON schemas for kubeconform: DIRECTORY/group/kind_version.json, each complete in itself.

usage: schemas.py DIRECTORY DOCUMENT...
The first document is the OpenAPI description of Kubernetes; the others hold CustomResourceDefinitions.
"""

import json
import pathlib
import sys

import yaml

REF = "#/definitions/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
# The API server takes numbers for both; the document says string.
ALSO_NUMBERS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
}


def closed(schema):
    """The same schema, with every field refused that it does not name: the API server would drop it in silence."""
    result = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = closed(schema[key])
    if "properties" in schema:
        result["properties"] = {name: closed(child) for name, child in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result.setdefault("additionalProperties", False)
    return result


def kubernetes_definitions(document):
    definitions = {name: closed(schema) for name, schema in document["definitions"].items()}
    for name in ALSO_NUMBERS:
        definitions[name] = {"type": ["string", "number"]}
    return definitions


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(REF)
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def complete(schema, definitions):
    """With the definitions that it leads to, and theirs."""
    needed, waiting = {}, list(references(schema))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = definitions[name]
            waiting += references(definitions[name])
    return {**schema, "definitions": needed}


def kubernetes_kinds(definitions):
    for name, schema in definitions.items():
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        # Several: options of requests, which no manifest holds.
        if len(kinds) == 1 and "metadata" in schema.get("properties", {}):
            yield kinds[0], {"$ref": REF + name}


def custom_kinds(path):
    for crd in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
        for version in crd["spec"]["versions"]:
            schema = closed(version["schema"]["openAPIV3Schema"])
            schema["properties"] = {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                **schema["properties"],
                "metadata": {"$ref": REF + META},
            }
            kind = {"group": crd["spec"]["group"], "version": version["name"], "kind": crd["spec"]["names"]["kind"]}
            yield kind, schema


def write(directory, kind, schema):
    # As kubeconform names them: the core group is known by its version.
    path = directory / (kind["group"] or kind["version"]) / f"{kind['kind'].lower()}_{kind['version']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def main(directory, openapi, *custom):
    definitions = kubernetes_definitions(json.loads(pathlib.Path(openapi).read_text()))
    kinds = list(kubernetes_kinds(definitions))
    for path in custom:
        kinds += custom_kinds(pathlib.Path(path))
    for kind, schema in kinds:
        write(pathlib.Path(directory), kind, complete(schema, definitions))
    print(f"{len(kinds)} schemas")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
