# Reads policies/rbac-matrix.txt and prints its cells, one a line: verdict group namespace resource verb.
# The file is read twice: first for the resources that there are, in namespaces and in the cluster itself.
BEGIN { split("get list watch create update patch delete deletecollection", standard, " ") }
/^#/ || NF == 0 { next }

function kind_of(namespace) { return namespace == "-" ? "cluster" : "namespaced" }

# Verbs of their own, where they mean something.
function special(resource) {
  if (resource ~ /^(cluster)?roles\.rbac/) return "bind escalate"
  if (resource ~ /^(users|groups|serviceaccounts)$/) return "impersonate"
  if (resource ~ /^signers/) return "approve sign"
  if (resource ~ /^validatingadmissionpolicies/) return "exempt"
  return ""
}

function cells(group, namespace, resource, allowed,   i, n, verbs) {
  for (i = 1; i <= 8; i++) cell(group, namespace, resource, standard[i], allowed)
  n = split(special(resource), verbs, " ")
  for (i = 1; i <= n; i++) cell(group, namespace, resource, verbs[i], allowed)
}

function cell(group, namespace, resource, verb, allowed) {
  print (index(allowed, " " verb " ") ? "allowed" : "forbidden"), group, namespace, resource, verb
}

NR == FNR {
  n = split($3, resources, ",")
  for (i = 1; i <= n; i++) if (resources[i] != "everything-else") known[kind_of($2), resources[i]] = 1
  next
}

{
  allowed = " "
  for (i = 4; i <= NF; i++) allowed = allowed $i " "
  namespaces = split($2, namespace, ",")
  for (i = 1; i <= namespaces; i++) {
    count = split($3, resources, ",")
    for (j = 1; j <= count; j++) {
      if (resources[j] == "everything-else") { rest($1, namespace[i]); continue }
      said[$1, namespace[i], resources[j]] = allowed
      cells($1, namespace[i], resources[j], allowed)
    }
  }
}

# Whoever may do something to all objects of a kind may do it to the one that is named.
function rest(group, namespace,   key, part, all) {
  for (key in known) {
    split(key, part, SUBSEP)
    if (part[1] != kind_of(namespace) || (group, namespace, part[2]) in said) continue
    all = part[2]
    sub(/@.*/, "", all)
    cells(group, namespace, part[2], (all != part[2] && (group, namespace, all) in said) ? said[group, namespace, all] : " ")
  }
}
