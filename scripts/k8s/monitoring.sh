# shellcheck shell=bash
# What watches the services: where its images come from, and bringing it up, last, for nothing waits for it.

upstream_image() { # NAME
  sed -n 's/^ *image: //p' "$ROOT"/kustomize/components/*/{"$1",workload}/deployment.yaml 2>/dev/null | grep "/${1/otel/opentelemetry}"
}

# From a program that scripts/tools.sh has made on this machine, static as ours are; else from upstream's registry; else
# what runs already goes on. What can be had from nowhere does not run, and everything else does.
monitoring_images() {
  local name
  for name in "${MONITORING[@]}"; do
    sed -i "/^$name /d" "$IMAGE_STATE/built"
    monitoring_image "$name" || running_image "$name" ||
      say "      $name will not run: scripts/tools.sh has not made it, and $(upstream_image "$name") cannot be pulled"
  done
  forget_old_archives
}

monitoring_image() { # NAME
  local name=$1 program upstream tag reference archive
  program=$(program_of "$name")
  upstream=$(upstream_image "$name")
  if [ -n "$program" ]; then
    cp "$program" "$IMAGE_STATE/context/$name"
    tag=$(cat "$ROOT/Containerfile" "$program" | sha256sum | cut -c1-16)
  else
    tag=${upstream##*:}
  fi
  reference=${IMAGE_REGISTRY:-localhost}/antaeus/$name:$tag
  archive=$IMAGE_STATE/$name-$tag.tar
  if [ -z "$program" ]; then
    pull_image "$upstream" "$reference" || return 1
  elif [ ! -e "$archive" ]; then
    container_build --target prebuilt --build-arg "BIN=$name" -t "$reference" "$IMAGE_STATE/context"
  fi
  keep_image "$name" "$reference" "$archive" built
}

running_image() { # NAME
  local reference
  reference=$(kubectl -n monitoring get deployment "$1" --ignore-not-found -o 'jsonpath={.spec.template.spec.containers[0].image}') || true
  [ -n "$reference" ] && [[ $reference != *:none ]] || return 1
  echo "$1 $reference -" >>"$IMAGE_STATE/built"
}

program_of() { # NAME
  local made=${ANTAEUS_TOOLS:-$HOME/.cache/antaeus/bin}/${1/otel-collector/otelcol}
  [ ! -x "$made" ] || echo "$made"
}

is_there() { [ -n "$(image_line "$1")" ]; } # NAME

# --- in the local overlay

monitoring_names() {
  local name
  for name in "${MONITORING[@]}"; do
    if is_there "$name"; then
      image "$(upstream_image "$name" | cut -d: -f1)" "$name"
      image "registry.example/antaeus/$name" "$name"
    fi
  done
}

# What has no image keeps its policies and has no pods.
patch_monitoring() {
  local name
  for name in prometheus otel-collector; do
    is_there "$name" || cat <<END_OF_PATCH
  - target: {kind: Deployment, namespace: monitoring, name: $name}
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 0
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: localhost/antaeus/$name:none
END_OF_PATCH
  done
  patch_api_server
}

# Where Prometheus finds the API server: behind its Service, for that is what a NetworkPolicy sees.
patch_api_server() {
  local port addresses
  read -r port addresses < <(api_server)
  [ -n "$addresses" ] || die "where the API server is cannot be read (EndpointSlices of default/kubernetes): an administrator runs ./deploy.sh k8s guards first"
  cat <<END_OF_PATCH
  - target: {kind: NetworkPolicy, namespace: monitoring, name: prometheus-to-api-server}
    patch: |-
      - op: replace
        path: /spec/egress
        value:
          - ports: [{protocol: TCP, port: $port}]
            to:
$(for address in $addresses; do echo "              - ipBlock: {cidr: $address/32}"; done)
  - target: {kind: ServiceEntry, namespace: monitoring, name: api-server}
    patch: |-
      - op: replace
        path: /spec/addresses
        value: [${addresses// /, }]
      - op: replace
        path: /spec/ports/0/number
        value: $port
END_OF_PATCH
}

# `port address...`; who may not ask takes what an administrator put up.
api_server() {
  if kubectl auth can-i list endpointslices.discovery.k8s.io -n default -q; then
    kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes \
      -o 'jsonpath={.items[0].ports[0].port} {.items[*].endpoints[*].addresses[*]}'
  else
    kubectl -n monitoring get networkpolicy prometheus-to-api-server --ignore-not-found \
      -o 'jsonpath={.spec.egress[0].ports[0].port} {.spec.egress[0].to[*].ipBlock.cidr}' | sed 's|/32||g'
  fi
  echo
}

# --- and brought up

roll_out_monitoring() {
  local name
  apply_component monitoring
  for name in "${MONITORING[@]}"; do
    is_there "$name" || continue
    rolled_out "monitoring/$name" || {
      diagnose "monitoring/$name"
      die "monitoring/$name does not get ready; the services are deployed all the same"
    }
  done
  check_proxies
}
