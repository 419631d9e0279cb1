"""Has every object, and every pod that one makes, the six labels that Kubernetes recommends, and this version?

usage: labels.py VERSION FILE
"""

import sys

import yaml

PREFIX = "app.kubernetes.io/"
WANTED = ("name", "instance", "version", "component", "part-of", "managed-by")


def bearers(thing):
    yield thing["metadata"]["name"], thing["metadata"]
    if "template" in thing.get("spec", {}):
        yield f"the pods of {thing['metadata']['name']}", thing["spec"]["template"]["metadata"]


def findings(thing, version):
    for name, metadata in bearers(thing):
        labels = metadata.get("labels", {})
        for label in WANTED:
            if PREFIX + label not in labels:
                yield f"{thing['kind']} {name}: label it {PREFIX}{label}"
        found = labels.get(PREFIX + "version", version)
        if found != version:
            yield f"{thing['kind']} {name}: its version is {found}, Cargo.toml's {version}"


def main(version, path):
    with open(path) as file:
        things = list(yaml.safe_load_all(file))
    wrong = [line for thing in things for line in findings(thing, version)]
    print(*wrong, f"{len(things)} objects", sep="\n")
    return 1 if wrong or not things else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
