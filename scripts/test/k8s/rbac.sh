# shellcheck shell=bash
# Who may do what by the API server: every cell of policies/rbac-matrix.txt, a sample by real calls under an assumed
# group, and the same with a client certificate that the cluster itself signed.

MATRIX=$ROOT/policies/rbac-matrix.txt

# --- the matrix

matrix_holds() {
  local chunk
  mkdir -p "$TMP/matrix"
  awk -f "$HERE/rbac-matrix.awk" "$MATRIX" "$MATRIX" >"$TMP/cells"
  # In pieces, for one kubectl sends its questions one after the other and slows down after three hundred.
  split -l 250 -d -a 3 "$TMP/cells" "$TMP/matrix/cells."
  for chunk in "$TMP"/matrix/cells.???; do
    access_reviews <"$chunk" >"$chunk.json"
    echo "$chunk.json"
  done | xargs -P 4 -I FILE sh -c 'kubectl create -f FILE -o "jsonpath={.status.allowed}{\"\n\"}" >FILE.answers'
  cat "$TMP"/matrix/*.answers >"$TMP/answers"
  [ "$(wc -l <"$TMP/answers")" = "$(wc -l <"$TMP/cells")" ] ||
    { echo "$(wc -l <"$TMP/answers") answers to $(wc -l <"$TMP/cells") questions" && return 1; }
  # A cell says allowed or forbidden, an answer true or false (or nothing, which is false).
  paste -d ' ' "$TMP/answers" "$TMP/cells" | sed 's/^ /false /' |
    awk '($1 == "true") != ($2 == "allowed") { print "the table says " $2 ", the API server " ($1 == "true" ? "allows" : "forbids") ":", $3, $4, $5, $6 }' |
    tee "$TMP/wrong"
  [ ! -s "$TMP/wrong" ]
}

# Cells into one list of questions. A resource is written NAME[.GROUP][/SUBRESOURCE][@OBJECT].
access_reviews() {
  awk '
    BEGIN { printf "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" }
    { resource = $4; group = sub_ = name = ""
      if (i = index(resource, "@")) { name = substr(resource, i + 1); resource = substr(resource, 1, i - 1) }
      if (i = index(resource, "/")) { sub_ = substr(resource, i + 1); resource = substr(resource, 1, i - 1) }
      if (i = index(resource, ".")) { group = substr(resource, i + 1); resource = substr(resource, 1, i - 1) }
      printf "%s{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\",\"spec\":{\"user\":\"somebody\",\"groups\":[\"%s\",\"system:authenticated\"],\"resourceAttributes\":{\"namespace\":\"%s\",\"verb\":\"%s\",\"group\":\"%s\",\"resource\":\"%s\",\"subresource\":\"%s\",\"name\":\"%s\"}}}\n", \
        (NR > 1 ? "," : ""), $2, ($3 == "-" ? "" : $3), $5, group, resource, sub_, name }
    END { print "]}" }'
}

# --- real calls

is_allowed() { "$@"; }

# By RBAC, and in its words: another error proves nothing about rights.
is_forbidden() { # WHAT-THE-MESSAGE-NAMES COMMAND...
  local named=$1 answer
  shift
  if answer=$("$@" 2>&1); then echo "was allowed: $answer" && return 1; fi
  echo "$answer"
  grep -F ' is forbidden: User ' <<<"$answer" | grep -qF "$named"
}

as_group() { # GROUP KUBECTL-ARGUMENT...
  local group=$1
  shift
  kubectl --as somebody --as-group "$group" --as-group system:authenticated "$@"
}

# What a team may and may not: the same questions to whoever asks them.
test_team_calls() { # WHO NAMESPACE SERVICE OTHER-NAMESPACE COMMAND...
  local who=$1 namespace=$2 service=$3 other=$4 pod
  shift 4
  pod=$(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$service,antaeus.dev/test!=caller" -o 'jsonpath={.items[0].metadata.name}')
  check "$who reads its pods" is_allowed "$@" -n "$namespace" get pods
  check "$who reads its log" is_allowed "$@" -n "$namespace" logs "$pod" -c "$service" --tail 1
  check "$who may change its Deployment" is_allowed "$@" -n "$namespace" annotate "deployment/$service" antaeus.dev/test=1 --dry-run=server
  check "$who reads no Secret" is_forbidden 'resource "secrets"' "$@" -n "$namespace" get secrets
  check "$who enters no pod" is_forbidden 'resource "pods/exec"' "$@" -n "$namespace" exec "$pod" -c "$service" -- /app --version
  check "$who forwards no port" is_forbidden 'resource "pods/portforward"' "$@" -n "$namespace" port-forward "pod/$pod" :9081
  check "$who mints no token" is_forbidden 'resource "serviceaccounts/token"' "$@" -n "$namespace" create token "$service"
  check "$who runs no pod under the service's account" is_forbidden 'resource "pods"' \
    "$@" -n "$namespace" run stolen --image localhost/antaeus/antaeusctl:1 --dry-run=server --overrides "{\"spec\":{\"serviceAccountName\":\"$service\"}}"
  check "$who deletes no NetworkPolicy" is_forbidden 'resource "networkpolicies"' "$@" -n "$namespace" delete networkpolicy default-deny --dry-run=server
  check "$who deletes no mesh policy" is_forbidden 'resource "authorizationpolicies"' "$@" -n "$namespace" delete authorizationpolicy allow-nothing --dry-run=server
  check "$who does not relabel its namespace" is_forbidden 'resource "namespaces"' \
    "$@" label namespace "$namespace" pod-security.kubernetes.io/enforce=privileged --overwrite --dry-run=server
  check "$who gives nobody rights" is_forbidden 'resource "rolebindings"' \
    "$@" -n "$namespace" create rolebinding mine --clusterrole edit --user me --dry-run=server
  check "$who does not see the other team's pods" is_forbidden "in the namespace \"$other\"" "$@" -n "$other" get pods
}

# --- a client certificate

# Signed by the cluster, for ten minutes, which is the shortest that it signs; leaves $TMP/TEAM.kubeconfig.
certificate_of() { # TEAM
  local team=$1 key=$TMP/$1.key request=$TMP/$1.csr context
  openssl req -new -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -subj "/O=antaeus:$team/CN=antaeus-test-$team" -keyout "$key" -out "$request" 2>/dev/null
  kubectl delete certificatesigningrequest "antaeus-test-$team" --ignore-not-found
  printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"antaeus-test-%s"},"spec":{"request":"%s","signerName":"kubernetes.io/kube-apiserver-client","expirationSeconds":600,"usages":["client auth"]}}' \
    "$team" "$(base64 -w0 <"$request")" | kubectl create -f -
  kubectl certificate approve "antaeus-test-$team"
  eventually 20 certificate_is_signed "$team"
  context=$(kubectl config current-context)
  kubectl config view --minify --raw --flatten -o json >"$TMP/$team.kubeconfig"
  export_to "$TMP/$team.kubeconfig" "$context" "$TMP/$team.crt" "$key"
}

certificate_is_signed() { # TEAM
  kubectl get certificatesigningrequest "antaeus-test-$1" -o 'jsonpath={.status.certificate}' | base64 -d >"$TMP/$1.crt"
  [ -s "$TMP/$1.crt" ]
}

# The same cluster and context, another user: the administrator's own entry is gone from the file.
export_to() { # KUBECONFIG CONTEXT CERTIFICATE KEY
  local administrator
  administrator=$(kubectl --kubeconfig "$1" config view -o 'jsonpath={.users[0].name}')
  kubectl --kubeconfig "$1" config delete-user "$administrator"
  kubectl --kubeconfig "$1" config set-credentials antaeus-test --client-certificate "$3" --client-key "$4" --embed-certs
  kubectl --kubeconfig "$1" config set-context "$2" --user antaeus-test
}

is_in_group() { # TEAM
  local groups
  groups=$(kubectl --kubeconfig "$TMP/$1.kubeconfig" auth whoami -o 'jsonpath={.status.userInfo.groups}')
  echo "$groups"
  [ "$groups" = "[\"antaeus:$1\",\"system:authenticated\"]" ]
}

stop_rbac() { kubectl delete certificatesigningrequest antaeus-test-billing antaeus-test-payments antaeus-test-platform --ignore-not-found; }

test_rbac() {
  part "who may do what by the API server"
  check "all $(awk -f "$HERE/rbac-matrix.awk" "$MATRIX" "$MATRIX" | wc -l) cells of policies/rbac-matrix.txt hold" matrix_holds
  check "an auditor reads the policies" is_allowed as_group antaeus:auditor get networkpolicies,authorizationpolicies,validatingadmissionpolicies --all-namespaces
  check "an auditor reads no Secret" is_forbidden 'resource "secrets"' as_group antaeus:auditor -n antaeus get secrets
  check "an auditor changes no policy" is_forbidden 'resource "networkpolicies"' as_group antaeus:auditor -n antaeus delete networkpolicy default-deny --dry-run=server
  check "the platform enters no pod" is_forbidden 'resource "pods/exec"' as_group antaeus:platform -n antaeus exec deployment/invoice-app -c invoice-app -- /app --version
  check "the platform changes no Role" is_forbidden 'resource "roles"' as_group antaeus:platform -n antaeus delete role team-billing --dry-run=server
  check "the platform may change a policy" is_allowed as_group antaeus:platform -n antaeus delete networkpolicy default-deny --dry-run=server
  test_team_calls "the group antaeus:payments" payments payment-provider antaeus as_group antaeus:payments
  test_team_calls "the group antaeus:commerce" commerce orders payments as_group antaeus:commerce
  check "the cluster signs a certificate for a member of antaeus:billing" certificate_of billing
  check "to the API server its bearer is in that group" is_in_group billing
  test_team_calls "a certificate of antaeus:billing" antaeus invoice-app payments kubectl --kubeconfig "$TMP/billing.kubeconfig"
  check "the cluster signs a certificate for a member of antaeus:payments" certificate_of payments
  check "to the API server its bearer is in that group" is_in_group payments
  check "a certificate of antaeus:payments reads its pods" is_allowed kubectl --kubeconfig "$TMP/payments.kubeconfig" -n payments get pods
  check "a certificate of antaeus:payments does not see the other team's" is_forbidden 'in the namespace "antaeus"' \
    kubectl --kubeconfig "$TMP/payments.kubeconfig" -n antaeus get pods
}
