"""Is compose.yaml sound, as far as can be seen without a daemon? Ports on loopback only, images by version, mounted
files that exist, services and volumes that are named; and Prometheus scrapes the admin port of each service of ours.

usage: compose.py compose.yaml monitoring/prometheus/prometheus.yaml
"""

import os
import re
import sys

import yaml

VERSION = re.compile(r"^[a-z0-9./-]+:v?[0-9]+(\.[0-9]+)+$")


def findings_of(name, service, compose):
    image = service.get("image")
    if image and not VERSION.match(image):
        yield f"{name}: image {image} names no version"
    if not image and "build" not in service:
        yield f"{name}: neither image nor build"
    for port in service.get("ports", []):
        if not re.match(r"^127\.0\.0\.1:[0-9]+:[0-9]+$", str(port)):
            yield f"{name}: port {port} is not on this machine's loopback alone"
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            if not os.path.exists(source):
                yield f"{name}: mounts {source}, which is not there"
            if not mount.endswith(":ro"):
                yield f"{name}: may write to {source}"
        elif source not in compose["volumes"]:
            yield f"{name}: mounts the volume {source}, which is not declared"
    env_file = service.get("env_file")
    if env_file and not os.path.exists(env_file):
        yield f"{name}: reads {env_file}, which is not there"
    for other in service.get("depends_on", {}):
        if other not in compose["services"]:
            yield f"{name}: waits for {other}, which is no service"
    for variable, value in service.get("environment", {}).items():
        for host in re.findall(r"https?://([a-z-]+)[:/]", str(value)):
            if host not in compose["services"]:
                yield f"{name}: {variable} names {host}, which is no service"


def scraped(prometheus):
    jobs = prometheus["scrape_configs"]
    return {target for job in jobs for group in job["static_configs"] for target in group["targets"]}


def findings(compose, prometheus):
    targets = scraped(prometheus)
    for name, service in compose["services"].items():
        yield from findings_of(name, service, compose)
        admin = service.get("environment", {}).get("ADMIN_LISTEN")
        if service.get("command") == ["serve"] and (not admin or f"{name}:{admin.split(':')[1]}" not in targets):
            yield f"{name}: Prometheus does not scrape its admin port ({admin})"
    for target in targets:
        if target.split(":")[0] not in compose["services"]:
            yield f"Prometheus scrapes {target}, which is no service"


def main(compose_path, prometheus_path):
    with open(compose_path) as compose, open(prometheus_path) as prometheus:
        whole = yaml.safe_load(compose)
        wrong = list(findings(whole, yaml.safe_load(prometheus)))
    print(*wrong, f"{len(whole['services'])} services", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
