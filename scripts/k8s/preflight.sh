# shellcheck shell=bash disable=SC2034
# Looks before anything is changed, and says what to do where something is missing.

passed() { say "      √ $*"; }

refused() { # WHAT HINT...
  say "      × $1"
  shift
  local line
  for line; do say "        $line"; done
  exit 1
}

preflight() {
  check_kubectl
  check_api_server
  check_nodes
  check_admission
  check_istio
  check_cni_plugin
  check_native_sidecars
  check_gateway
  check_trust_domain
  check_dns
}

check_kubectl() {
  command -v kubectl >/dev/null ||
    refused "kubectl is not installed" "https://kubernetes.io/docs/tasks/tools/"
  local version
  version=$(kubectl version --client -o yaml | sed -n 's/^kustomizeVersion: v\([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 5 ] ||
    refused "kubectl's kustomize is older than 5 and knows no components" "use kubectl 1.27 or newer"
}

check_api_server() {
  kubectl get --raw /readyz >/dev/null ||
    refused "the API server does not answer" \
      "context: $(kubectl config current-context 2>/dev/null || echo none)" \
      "see docs/KUBERNETES.md for an empty kind, minikube or k3d cluster in a few commands"
  SERVER_MINOR=$(kubectl get --raw /version | sed -n 's/.*"minor": *"\([0-9]*\).*/\1/p')
  passed "the API server answers: Kubernetes 1.$SERVER_MINOR, context $(kubectl config current-context)"
}

# A node that runs short of something evicts pods and takes no new ones.
check_nodes() {
  local nodes short fit
  nodes=$(node_states)
  short=$(grep -E ' (Disk|Memory|PID)Pressure( |$)' <<<"$nodes" || true)
  [ -z "$short" ] ||
    refused "a node runs short, and evicts pods: ${short//$'\n'/; }" \
      "of what:  kubectl describe node" \
      "free disk space there (or memory, or processes); the node says that it is well some five minutes later"
  fit=$(grep -E ' Ready( |$)' <<<"$nodes" | grep -vc ' cordoned$' || true)
  [ "$fit" -gt 0 ] ||
    refused "no node is ready and takes pods: ${nodes//$'\n'/; }" \
      "why:  kubectl describe node" \
      "a node that is cordoned:  kubectl uncordon NODE"
  passed "nodes that are ready and take pods: $fit"
}

check_admission() {
  kubectl get --raw /apis/admissionregistration.k8s.io/v1 | grep -q '"validatingadmissionpolicies"' ||
    refused "the API server knows no ValidatingAdmissionPolicy" "use Kubernetes 1.30 or newer (this is 1.$SERVER_MINOR)"
  passed "the API server checks admission policies"
}

check_istio() {
  local image version
  image=$(kubectl get deployments --all-namespaces -l app=istiod \
    -o 'jsonpath={.items[0].spec.template.spec.containers[0].image}' 2>/dev/null || true)
  [ -n "$image" ] ||
    refused "Istio is not installed" "install it:  istioctl install -f istio/install.yaml"
  version=${image##*:}
  version=${version%%-*}
  istio_is_new_enough "$version" ||
    refused "Istio $version has known holes in its policies" \
      "1.28.7, 1.29.3, 1.30 and later do not:  istioctl upgrade -f istio/install.yaml"
  istiod_is_available ||
    refused "Istio $version is installed, and istiod is not available: no pod could be made" \
      "why:  kubectl -n istio-system get pods"
  passed "Istio $version"
}

# The first releases of each line that match principals exactly and have no built-in fallback key.
istio_is_new_enough() { # VERSION
  local major minor patch
  IFS=. read -r major minor patch <<<"$1"
  case $major.$minor in
  1.28) [ "${patch:-0}" -ge 7 ] ;;
  1.29) [ "${patch:-0}" -ge 3 ] ;;
  *) [ "$major" -gt 1 ] || [ "$minor" -ge 30 ] ;;
  esac
}

check_cni_plugin() {
  local ready
  ready=$(kubectl get daemonsets --all-namespaces -l k8s-app=istio-cni-node \
    -o 'jsonpath={.items[*].status.numberReady}')
  [ "${ready:-0}" -gt 0 ] ||
    refused "Istio's CNI plugin is not running" \
      "the namespaces enforce Pod Security \"restricted\", which refuses Istio's other way to redirect traffic" \
      "install it:  istioctl install -f istio/install.yaml"
  passed "Istio's CNI plugin"
}

check_native_sidecars() {
  local forced
  forced=$(kubectl get deployments --all-namespaces -l app=istiod \
    -o 'jsonpath={..env[?(@.name=="ENABLE_NATIVE_SIDECARS")].value}')
  [ "$SERVER_MINOR" -ge 33 ] || [ "$forced" = true ] ||
    refused "sidecars that end with their Job need Kubernetes 1.33 (this is 1.$SERVER_MINOR)" \
      "on 1.30 to 1.32:  istioctl install -f istio/install.yaml --set values.pilot.env.ENABLE_NATIVE_SIDECARS=true"
  passed "sidecars are native: Jobs end, and the proxy outlives the service"
}

check_gateway() {
  find_gateway ||
    refused "no ingress gateway (a pod with the label istio=ingressgateway)" \
      "install it:  istioctl install -f istio/install.yaml"
  passed "ingress gateway $GATEWAY_NAMESPACE/$GATEWAY_ACCOUNT"
}

check_trust_domain() {
  local domain
  domain=$(kubectl -n istio-system get configmap istio -o 'jsonpath={.data.mesh}' |
    sed -n 's/^trustDomain: *//p')
  [ "${domain:-cluster.local}" = cluster.local ] ||
    refused "the mesh's trust domain is $domain" \
      "the policies and settings name cluster.local; patch both in an overlay of your own"
  passed "trust domain cluster.local"
}

check_dns() {
  local port
  port=$(kubectl -n kube-system get pods -l k8s-app=kube-dns \
    -o 'jsonpath={.items[0].spec.containers[*].ports[?(@.protocol=="UDP")].containerPort}' 2>/dev/null || true)
  [ "$port" = 53 ] ||
    refused "the DNS pods (kube-system, k8s-app=kube-dns) listen on ${port:-nothing that can be seen}, not on 53" \
      "patch the NetworkPolicies allow-dns in an overlay of your own"
  passed "DNS pods listen on the port that the policies open"
}

# A CNI that ignores NetworkPolicy accepts the objects all the same, so ask with traffic: what
# must pass does, and after the policy what must not pass does not.
check_enforcement() {
  local probe=$ROOT/scripts/cluster-probe address
  if ! kubectl auth can-i create namespaces -q; then
    say "      NOT ASKED: this user may make no namespace to try it in; an administrator's ./deploy.sh k8s guards does"
    return
  fi
  kubectl delete namespace antaeus-probe --ignore-not-found --timeout=60s
  sed "s|antaeus/antaeusctl|$(image_reference antaeusctl)|" "$probe/pods.yaml" | kubectl apply -f -
  kubectl -n antaeus-probe wait --for=condition=Ready pod --all --timeout=60s
  address=$(kubectl -n antaeus-probe get pod server -o 'jsonpath={.status.podIP}')
  eventually 20 probe_answers "$address" '200' ||
    refused "a pod cannot reach its neighbour even without a NetworkPolicy" "is the cluster's network up?"
  kubectl apply -f "$probe/default-deny.yaml"
  eventually 20 probe_answers "$address" 'timeout' ||
    refused "this cluster accepts NetworkPolicies and does not enforce them" \
      "the first of the three layers would be missing: install Calico or Cilium," \
      "or make the cluster anew (kind 0.24 or newer; minikube start --cni=calico; k3d as it comes)"
  passed "NetworkPolicies are enforced (a call passed, and after a policy did not)"
  kubectl delete namespace antaeus-probe --wait=false
}

probe_answers() { # ADDRESS STATUS
  local answer
  answer=$(kubectl -n antaeus-probe exec client -- /app probe call "http://$1:8080/" --timeout-ms 1500) || true
  echo "$answer"
  [[ $answer == "status=$2 "* ]]
}
