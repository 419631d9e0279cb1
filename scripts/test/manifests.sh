# shellcheck shell=bash disable=SC2154
# The rendered manifests, as the field's own tools judge them. Part of test.sh, whose `check`, `skip` and
# `work` these functions use.

manifests() {
  install_manifest_tools || return 0
  build_manifests
  counted "kubeconform: every object fits the schema of its kind" kubeconform_passes
  check "kubeconform refuses a field that no schema knows" refuses kubeconform_on minReadySecond 's/^  minReadySeconds: /  minReadySecond: /'
  counted "kube-score: prod" kube_score_passes
  check "kube-score refuses a user that a node may have too" refuses kube_score_on 'low user ID' 's/runAsUser: 65532/runAsUser: 1000/'
  counted "checkov: prod, nothing failed and nothing skipped" checkov_passes
  check "checkov refuses who may run as root" refuses checkov_on CKV_K8S_23 's/runAsNonRoot: true/runAsNonRoot: false/; s/runAsUser: 65532/runAsUser: 0/'
  check "docs/gitops: what platform and teams apply is prod, each object once" gitops_is_prod
  check "images and manifests name one user, by number" one_user
  check "compose.yaml: loopback only, every image by version, every file there, every service scraped" compose_is_sound
  check "compose and manifests run the same versions" one_version_of_each
  counted "six labels on every object of prod and its pods, one version: Cargo.toml's" labels_are_complete
}

install_manifest_tools() {
  local status=0
  tools=$(scripts/tools.sh kustomize kubeconform kube-score checkov schemas 2>"$work/tools") || status=$?
  if [ "$status" = 3 ]; then
    skip "all checks of the manifests" "$(cat "$work/tools")"
    return 1
  fi
  check "the tools are installed" tools_are_installed "$status"
  PATH=$tools:$PATH
  command -v kubectl >/dev/null || skip "kubectl's own kustomize, which deploy.sh uses" "kubectl is not installed"
  return "$status"
}

tools_are_installed() { # EXIT-STATUS-OF-TOOLS.SH
  cat "$work/tools"
  return "$1"
}

counted() { # NAME COMMAND...: a check that says how much it looked at
  check "$@"
  tail -n 1 "$work/output" | sed 's/^/        /'
}

# --- building

rendered() { echo "$work/rendered/${1//\//-}.yaml"; } # FOLDER

build_manifests() {
  local folder
  mkdir -p "$work/rendered"
  for folder in $(kustomizations Kustomization kustomize/overlays kustomize/teams docs/gitops); do
    check "kustomize builds $folder, from here and inside ${folder%%/*}/, as kubectl does" builds_alike "$folder"
  done
  # Onto dev, as deploy.sh does it: a component is nothing by itself.
  for folder in $(kustomizations Component kustomize/components); do
    # What dev has already cannot be laid over it once more.
    ! grep -qxF "  - ../../${folder#kustomize/}" kustomize/overlays/dev/kustomization.yaml || continue
    check "kustomize builds dev with the component $(basename "$folder")" builds_on_dev "$folder"
  done
}

kustomizations() { # KIND FOLDER...: the folders that hold one
  local kind=$1 file
  shift
  for file in $(files_in_git "${@/%//*kustomization.yaml}"); do
    if grep -q "^kind: $kind\$" "$file"; then dirname "$file"; fi
  done
}

# What is not committed yet counts too.
files_in_git() { # PATTERN...
  git ls-files --cached --others --exclude-standard -- "$@"
}

builds_alike() { # FOLDER
  local out
  out=$(rendered "$1")
  kustomize build "$1" >"$out" &&
    (cd "${1%%/*}" && kustomize build "${1#*/}") | cmp - "$out" &&
    { ! command -v kubectl >/dev/null || kubectl kustomize "$1" | cmp - "$out"; }
}

builds_on_dev() { # COMPONENT
  local here=$work/on-dev/${1//\//-}
  mkdir -p "$here"
  cat >"$here/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [$(realpath --relative-to "$here" kustomize/overlays/dev)]
components: [$(realpath --relative-to "$here" "$1")]
END
  kustomize build "$here" >"$(rendered "$1")"
}

# --- judging

kubeconform_on() { # FILE...
  kubeconform -strict -summary \
    -schema-location "$tools/schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json" "$@"
}

# A kind without a schema is an error too. Not looked at: kustomization.yaml (kustomize refuses what it does not
# know), istio/install.yaml, an IstioOperator, which istioctl alone reads and no schema describes, and the collector's
# settings, which ./test.sh observability runs it with.
kubeconform_passes() {
  local files
  mapfile -t files < <(files_in_git 'docs/gitops/*.yaml' 'scripts/*.yaml' | grep -vE '/kustomization\.yaml$|/collector\.yaml$')
  kubeconform_on "$work"/rendered/*.yaml "${files[@]}"
}

# Beyond the default: what is optional there, but for CPU limits that equal requests: idle time is for who can use it.
kube_score_on() { # FILE
  kube-score score --kubernetes-version v1.35 --exit-one-on-warning --output-format ci \
    --enable-optional-test container-memory-requests-equal-limits \
    --enable-optional-test container-ephemeral-storage-request-equals-limit \
    --enable-optional-test container-ports-check \
    --enable-optional-test container-seccomp-profile "$1"
}

kube_score_passes() {
  local status=0
  kube_score_on "$(rendered kustomize/overlays/prod)" >"$work/scores" || status=$?
  grep -Ev '^\[(OK|SKIPPED)\]' "$work/scores" || true
  echo "$(grep -c '^\[OK\]' "$work/scores") passed"
  return "$status"
}

checkov_on() { # FILE
  checkov --file "$1" --framework kubernetes --skip-download --quiet --compact
}

# A file that it cannot read counts as no findings, so the number is looked at.
checkov_passes() {
  checkov_on "$(rendered kustomize/overlays/prod)" >"$work/checkov" || true
  grep . "$work/checkov"
  grep -q 'Passed checks: [1-9][0-9]*, Failed checks: 0, Skipped checks: 0' "$work/checkov"
}

# What cannot refuse proves nothing: each tool gets prod with one thing broken, and has to name it.
refuses() { # TOOL-ON NAME SED-SCRIPT
  local sound broken=$work/broken.yaml
  sound=$(rendered kustomize/overlays/prod)
  sed "$3" "$sound" >"$broken"
  if cmp -s "$sound" "$broken"; then
    echo "prod has nothing to break by $3"
    return 1
  fi
  ! "$1" "$broken" >"$work/refusal" 2>&1 && grep -q "$2" "$work/refusal"
}

# A name would leave the kubelet nothing to compare: runAsNonRoot then refuses to start the pod.
one_user() {
  local user
  grep '^USER ' Containerfile
  user=$(sed -n 's/^USER \([1-9][0-9]*:[1-9][0-9]*\)$/\1/p' Containerfile | sort -u)
  [ "$(grep -c '^USER ' Containerfile)" = "$(grep -cx "USER $user" Containerfile)" ] &&
    diff <(printf 'runAsGroup: %s\nrunAsUser: %s\n' "${user#*:}" "${user%:*}") \
      <(grep -oE 'runAs(User|Group): .*' "$(rendered kustomize/overlays/prod)" | sort -u)
}

# Without a daemon.
compose_is_sound() {
  "$tools/checkov.venv/bin/python" scripts/test/compose.py compose.yaml monitoring/prometheus/prometheus.yaml
}

one_version_of_each() {
  local image
  while read -r image; do
    grep -qx "    image: $image" compose.yaml || { echo "compose.yaml has another version than $image" && return 1; }
  done < <(sed -n 's/^ *image: \(.*:v\?[0-9].*\)$/\1/p' kustomize/components/{monitoring,grafana}/*/deployment.yaml)
}

labels_are_complete() {
  local version
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | sed -n 1p)
  # The python that has a YAML parser.
  "$tools/checkov.venv/bin/python" scripts/test/labels.py "$version" "$(rendered kustomize/overlays/prod)"
}

# Beyond prod: where the Secrets come from. The hashes are left out: the platform's ConfigMaps have none.
gitops_is_prod() {
  local part
  for part in platform billing payments commerce; do objects_of "docs/gitops/$part"; done | sort >"$work/gitops"
  diff <(objects_of kustomize/overlays/prod | sort) <(grep -vE '^(ExternalSecret|SecretStore) | secrets$' "$work/gitops")
}

objects_of() { # FOLDER: kind, namespace and name, a line each
  (. scripts/k8s/lib.sh && objects_in "$(rendered "$1")") | sed -E '/^ConfigMap /s/-[a-z0-9]{10}$//'
}
