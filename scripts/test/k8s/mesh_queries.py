"""Is every query that needs the mesh's metrics answered by the Prometheus of a cluster that has a mesh?

usage: mesh_queries.py PROMETHEUS < QUERIES        QUERIES as `dashboards queries --json` lists them
A condition of an alert holds only when something is wrong; of those each series of the mesh must be there.
"""

import json
import re
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 60
OF_THE_MESH = re.compile(r"\b(?:envoy|istio)_\w+")


def answers(prometheus, expr):
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def asked(query):
    if query["kind"] == "alert":
        return set(OF_THE_MESH.findall(query["expr"]))
    return {query["expr"]}


def main(prometheus):
    open_, asked_all = {}, 0
    for query in json.load(sys.stdin):
        if query["mesh"]:
            for expr in asked(query):
                open_[expr] = f"{query['kind']} {query['file']}/{query['name']}"
                asked_all += 1
    end = time.monotonic() + PATIENCE
    while open_ and time.monotonic() < end:
        open_ = {expr: name for expr, name in open_.items() if not answers(prometheus, expr)}
        if open_:
            time.sleep(2)
    for expr, name in open_.items():
        print(f"nothing answers {name}: {expr}")
    print(f"{asked_all} queries")
    return 1 if open_ or not asked_all else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
