# shellcheck shell=bash
# Builds the images and brings them to where the cluster finds them.

IMAGES=(invoice-app payment-provider users orders notifications antaeusctl)
# By the names that admission knows; upstream's names and versions stand in the manifests (monitoring.sh).
MONITORING=(prometheus otel-collector grafana)
IMAGE_STATE=$K8S_STATE/images

# What was built last: one line `name reference archive` each; the archive is `-` after a push.
image_line() { awk -v name="$1" '$1 == name' "$IMAGE_STATE/built"; }
image_reference() { image_line "$1" | cut -d' ' -f2; }
image_archives() {
  local name
  for name in "${IMAGES[@]}" "${MONITORING[@]}"; do image_line "$name" | cut -d' ' -f3; done | grep -vx -e -
}

build_images() {
  local name
  mkdir -p "$IMAGE_STATE/context"
  choose_builder
  find_binaries
  : >"$IMAGE_STATE/built.new"
  for name in "${IMAGES[@]}"; do build_image "$name"; done
  # A team builds its own image only; of the others what was built last stays.
  [ ! -e "$IMAGE_STATE/built" ] || grep -vE "^($(IFS='|' && echo "${IMAGES[*]}")) " "$IMAGE_STATE/built" >>"$IMAGE_STATE/built.new" || true
  mv "$IMAGE_STATE/built.new" "$IMAGE_STATE/built"
  forget_old_archives
}

choose_builder() {
  local tool
  BUILDER=${IMAGE_BUILDER:-}
  for tool in docker podman buildah; do
    [ -z "$BUILDER" ] || break
    case $tool in
    docker) docker info >/dev/null 2>&1 && BUILDER=docker ;;
    *) command -v $tool >/dev/null && BUILDER=$tool ;;
    esac
  done
  [ -n "$BUILDER" ] || die "no docker daemon, podman or buildah here; install one (apt-get install buildah needs no daemon)"
  say "      images are built by $BUILDER"
}

# Static binaries that exist already, or that cargo makes here; without either (a machine
# without Rust, or not Linux) the Containerfile compiles inside the build.
find_binaries() {
  BINARIES=${PREBUILT_DIR:-}
  [ -z "$BINARIES" ] || return 0
  [ "$(uname -s)" = Linux ] && command -v cargo >/dev/null || return 0
  cargo_build
}

cargo_build() {
  say "      cargo compiles static binaries (minutes when it is the first time)"
  BINARIES=$("$ROOT/scripts/release-build.sh" "${IMAGES[@]}")
}

build_image() { # NAME
  local name=$1 tag reference archive
  if [ -n "$BINARIES" ]; then
    cp "$BINARIES/$name" "$IMAGE_STATE/context/$name"
    # The tag says the content: the same binary is the same image, and nothing is rolled.
    tag=$(cat "$ROOT/Containerfile" "$IMAGE_STATE/context/$name" | sha256sum | cut -c1-16)
    reference=${IMAGE_REGISTRY:-localhost}/antaeus/$name:$tag
    archive=$IMAGE_STATE/$name-$tag.tar
    [ -e "$archive" ] ||
      container_build --target prebuilt --build-arg "BIN=$name" -t "$reference" "$IMAGE_STATE/context"
  else
    container_build --build-arg "BIN=$name" -t "antaeus/$name:build" "$ROOT"
    tag=$(image_id "antaeus/$name:build" | cut -c1-16)
    reference=${IMAGE_REGISTRY:-localhost}/antaeus/$name:$tag
    archive=$IMAGE_STATE/$name-$tag.tar
    "$BUILDER" tag "antaeus/$name:build" "$reference"
  fi
  keep_image "$name" "$reference" "$archive" built.new
}

# Where nodes find it, and a line about it.
keep_image() { # NAME REFERENCE ARCHIVE LIST
  local reference=$2 archive=$3
  if [ -n "${IMAGE_REGISTRY:-}" ]; then
    reference=$(push_image "$reference" "$1")
    archive=-
  elif [ ! -e "$archive" ]; then
    save_image "$reference" "$archive"
  fi
  echo "$1 $reference $archive" >>"$IMAGE_STATE/$4"
}

buildah_() { buildah --storage-driver vfs --root "$IMAGE_STATE/storage" "$@"; }

container_build() { # ARGUMENT...
  case $BUILDER in
  buildah) buildah_ bud --isolation chroot --timestamp 0 -f "$ROOT/Containerfile" "$@" ;;
  podman) podman build --timestamp 0 -f "$ROOT/Containerfile" "$@" ;;
  *) "$BUILDER" build -f "$ROOT/Containerfile" "$@" ;;
  esac
}

# A registry that does not answer must not hold up the rest.
pull_image() { # IMAGE-OF-DOCKER-HUB NEW-NAME
  local pull=("$BUILDER")
  [ "$BUILDER" != buildah ] || pull=(buildah --storage-driver vfs --root "$IMAGE_STATE/storage")
  timeout 300 "${pull[@]}" pull "docker.io/$1" && "${pull[@]}" tag "docker.io/$1" "$2"
}

image_id() { "$BUILDER" image inspect --format '{{.Id}}' "$1" | sed 's/^sha256://'; }

save_image() { # REFERENCE FILE
  case $BUILDER in
  buildah) buildah_ push "$1" "docker-archive:$2.new:$1" ;;
  podman) podman save --format docker-archive -o "$2.new" "$1" ;;
  *) "$BUILDER" save -o "$2.new" "$1" ;;
  esac
  mv "$2.new" "$2"
}

# Prints the reference by digest, which nobody can move.
push_image() { # REFERENCE NAME
  local digest=$IMAGE_STATE/$2.digest
  case $BUILDER in
  buildah) buildah_ push --digestfile "$digest" "$1" >&2 ;;
  podman) podman push --digestfile "$digest" "$1" >&2 ;;
  *)
    "$BUILDER" push "$1" >&2
    "$BUILDER" image inspect --format '{{index .RepoDigests 0}}' "$1" | sed 's/.*@//' >"$digest"
    ;;
  esac
  echo "${1%:*}@$(cat "$digest")"
}

# What is named in `built` stays, and as much again of what was there before.
forget_old_archives() {
  local old
  rm -rf "$IMAGE_STATE/storage"
  # shellcheck disable=SC2010,SC2012 # the names are ours
  while read -r old; do rm -f "$old"; done < <(ls -1t "$IMAGE_STATE"/*.tar 2>/dev/null | grep -vxFf <(cut -d' ' -f3 "$IMAGE_STATE/built") | tail -n +4)
}

load_images() {
  local archives context how
  [ -z "${IMAGE_REGISTRY:-}" ] || return 0
  mapfile -t archives < <(image_archives)
  context=$(kubectl config current-context)
  how=$(choose_loader "$context")
  [ -n "$how" ] || die "this cluster's nodes are not on this machine: name a registry that they can pull from (IMAGE_REGISTRY=host/path), or a command that loads archives (IMAGE_LOADER)"
  say "      images are loaded by $how"
  case $how in
  IMAGE_LOADER) bash -c "$IMAGE_LOADER \"\$@\"" loader "${archives[@]}" ;;
  kind) each_archive kind load image-archive --name "${context#kind-}" ;;
  k3d) each_archive k3d image import -c "${context#k3d-}" ;;
  minikube) each_archive minikube -p "$context" image load ;;
  containerd\ *) each_archive ctr --address "${how#containerd }" --namespace k8s.io images import ;;
  esac
}

each_archive() { # COMMAND...
  local archive
  for archive in "${archives[@]}"; do "$@" "$archive"; done
}

choose_loader() { # CONTEXT
  local socket
  if [ -n "${IMAGE_LOADER:-}" ]; then
    echo IMAGE_LOADER
  elif [[ $1 == kind-* ]]; then
    echo kind
  elif [[ $1 == k3d-* ]]; then
    echo k3d
  elif [ -n "$(kubectl get nodes -l minikube.k8s.io/name -o name)" ]; then
    echo minikube
  elif [ -n "${CONTAINERD_ADDRESS:-}" ]; then
    echo "containerd $CONTAINERD_ADDRESS"
  elif node_is_this_machine; then
    socket=$(kubernetes_containerd)
    [ -z "$socket" ] || echo "containerd $socket"
  fi
}

node_is_this_machine() {
  local nodes
  nodes=$(kubectl get nodes -o 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}')
  [[ $nodes != *' '* ]] && grep -qF " $nodes/" <<<"$(ip -o address 2>/dev/null)"
}

# Of the containerd sockets that somebody listens on, the one that runs Kubernetes' containers.
kubernetes_containerd() {
  local socket
  command -v ctr >/dev/null || return 0
  while read -r socket; do
    [ -n "$(ctr --address "$socket" --namespace k8s.io containers list -q 2>/dev/null)" ] || continue
    echo "$socket"
    return
  done < <(awk '$NF ~ /containerd\.sock$/ { print $NF }' /proc/net/unix | sort -u)
}

# The operator's tool: from the build on this machine, or out of its image.
antaeusctl() {
  local tool=$IMAGE_STATE/context/antaeusctl
  if [ -x "$tool" ] && "$tool" --version >/dev/null 2>&1; then
    "$tool" "$@"
  else
    "$BUILDER" run --rm --user "$(id -u):$(id -g)" -v "$ROOT:$ROOT" -w "$ROOT" "$(image_reference antaeusctl)" "$@"
  fi
}

# How a person calls it, for the commands that are printed.
operator_tool() {
  local tool=$IMAGE_STATE/context/antaeusctl
  if [ -x "$tool" ]; then echo "${tool#"$ROOT/"}"; else echo "antaeusctl"; fi
}
