//! Each rule of the house, by what breaks it.

use crate::calls::{after, after_each, without};
use policy::finding::Finding;

fn says(findings: &[Finding], rule: &str) -> bool {
    findings.iter().any(|finding| finding.rule == rule)
}

#[test]
fn a_replacement_that_breaks_a_rule() {
    for (rule, old, new) in [
        ("T6-pod-security", "enforce: restricted", "enforce: baseline"),
        ("T6-pod-security", "enforce-version: v1.33", "enforce-version: latest"),
        ("T5-bounds", "pods: '4', ", ""),
        ("T5-bounds", "requests.cpu: '1', ", ""),
        ("T5-bounds", "requests.memory: 1Gi, ", ""),
        ("T5-bounds", "limits.memory: 1Gi, ", ""),
        ("T5-bounds", "services.nodeports: '0'", "services.nodeports: '1'"),
        ("T5-bounds", ", services.loadbalancers: '0'", ""),
        ("T5-bounds", "spec: {hard: ", "spec: {scopes: [BestEffort], hard: "),
        ("T5-bounds", "spec: {hard: ", "spec: {scopeSelector: {}, hard: "),
        ("T5-bounds", "name: quota, namespace: shop", "name: quota, namespace: istio-system"),
        ("T5-bounds", "defaultRequest: {cpu: 10m, memory: 64Mi}", "defaultRequest: {memory: 64Mi}"),
        ("T5-bounds", "defaultRequest: {cpu: 10m, memory: 64Mi}", "defaultRequest: {cpu: 10m}"),
        ("T5-bounds", "default: {memory: 64Mi}, ", ""),
        ("T5-bounds", ", max: {memory: 1Gi}", ""),
        ("T5-bounds", "type: Container", "type: Pod"),
        (
            "N1-namespace",
            "metadata: {name: keys-0123456789, namespace: bank}",
            "metadata: {name: keys-0123456789, namespace: x}",
        ),
        ("N1-default-deny", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
        ("N1-policy-types", "  policyTypes: [Egress]\n", ""),
        ("N1-policy-types", "policyTypes: [Egress]", "policyTypes: [Ingress]"),
        (
            "N2-peer",
            "        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}\n          podSelector",
            "        - podSelector",
        ),
        (
            "N2-peer",
            "      ports: [{protocol: TCP",
            "        - ipBlock: {cidr: 10.0.0.0/8}\n      ports: [{protocol: TCP",
        ),
        (
            "N7-dangling-peer",
            "      ports: [{protocol: TCP",
            "        - ipBlock: {cidr: 192.0.2.9/32}\n      ports: [{protocol: TCP",
        ),
        ("dangling-route", "number: 8082}}}]", "number: 8083}}}]"),
        ("dangling-route", "host: vault.bank.svc.cluster.local,", "host: web,"),
        ("M3-exact", "[invoice-app.antaeus/*]", "['*']"),
        ("N2-port", "ports: [{protocol: TCP, port: 8082}]", "ports: [{protocol: TCP}]"),
        ("N2-port", "port: 8082}]\n---", "port: 8082, endPort: 8083}]\n---"),
        (
            "N5-exposed",
            "  selector: {app.kubernetes.io/name: web}\n",
            "  type: NodePort\n  selector: {app.kubernetes.io/name: web}\n",
        ),
        ("N5-host", "      priorityClassName", "      hostNetwork: true\n      priorityClassName"),
        ("N5-host", "containerPort: 8080", "hostPort: 80, containerPort: 8080"),
        (
            "N7-dangling",
            "podSelector: {matchLabels: {app.kubernetes.io/name: web}}\n  policyTypes",
            "podSelector: {matchLabels: {app.kubernetes.io/name: nobody}}\n  policyTypes",
        ),
        (
            "N7-dangling-peer",
            "          podSelector: {matchLabels: {app.kubernetes.io/name: vault}}",
            "          podSelector: {matchLabels: {app: nobody}}",
        ),
        ("M1-strict", "mode: STRICT", "mode: UNSET"),
        ("M1-exception", "mode: STRICT", "mode: PERMISSIVE"),
        (
            "M2-allow-nothing",
            "allow-nothing, namespace: shop}\nspec: {}",
            "allow-nothing, namespace: shop}\nspec: {action: AUDIT}",
        ),
        (
            "M2-allow-only",
            "allow-nothing, namespace: shop}\nspec: {}",
            "allow-nothing, namespace: shop}\nspec: {action: AUDIT}",
        ),
        (
            "M3-one-workload",
            "spec:\n  selector: {matchLabels: {app.kubernetes.io/name: vault}}\n  action",
            "spec:\n  action",
        ),
        (
            "M3-exact",
            "principals: [cluster.local/ns/shop/sa/web]\n",
            "principals: [cluster.local/ns/shop/sa/*]\n",
        ),
        ("M3-exact", "ports: [\"8082\"], ", ""),
        ("M3-exact", "methods: [POST], ", "methods: ['*'], "),
        ("M3-exact", "methods: [POST], ", "methods: [POST], notPaths: [/x], "),
        ("M3-exact", "values: ['spiffe://cluster.local/ns/shop/sa/web']", "values: ['spiffe://*']"),
        ("M3-one-rule", "      when:", "    - from: [{source: {principals: [a]}}]\n      when:"),
        (
            "M4-and",
            "            requestPrincipals: [invoice-app.antaeus/*]\n",
            "        - source:\n            requestPrincipals: [invoice-app.antaeus/*]\n",
        ),
        ("M4-and", "            requestPrincipals: [invoice-app.antaeus/*]\n", ""),
        ("M5-token", "      audiences: [payment-provider]\n", ""),
        ("M5-token", "      fromHeaders: [{name: Authorization, prefix: \"Bearer \"}]\n", ""),
        ("M5-token", "forwardOriginalToken: true", "forwardOriginalToken: false"),
        ("M5-token", "jwks: '{\"keys\": [{\"kid\": \"a\"", "jwks: '{\"keys\": [{\"kid\": \"c\""),
        ("M6-scope", "mode: REGISTRY_ONLY", "mode: ALLOW_ANY"),
        ("M6-scope", "./*, istio-system/*, ", "./*, "),
        ("M6-scope", "./*, istio-system/*, ", "./*, istio-system/*, '*/*', "),
        ("M6-scope", "  outboundTrafficPolicy", "  workloadSelector: {}\n  outboundTrafficPolicy"),
        ("M6-unknown-host", "./*, istio-system/*, ", "./*, istio-system/*, bank/x, "),
        ("M7-protocol", "{name: http, appProtocol: http, port", "{name: business, port"),
        ("M12-no-repeats", "      retries: {attempts: 0}\n", ""),
        (
            "M0-way-out",
            "    metadata: {labels: {",
            "    metadata: {annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '1'}, labels: {",
        ),
        ("M0-way-out", "runAsUser: 65532", "runAsUser: 1337"),
        ("dangling-service", "targetPort: http", "targetPort: other"),
        (
            "dangling-service",
            "  selector: {app.kubernetes.io/name: web}\n  ports",
            "  selector: {app: web}\n  ports",
        ),
        (
            "dangling-pdb",
            "  selector: {matchLabels: {app.kubernetes.io/name: web}}\n---",
            "  selector: {matchLabels: {app: web}}\n---",
        ),
        ("W3-account", "serviceAccountName: web", "serviceAccountName: default"),
        ("dangling-service-account", "serviceAccountName: web", "serviceAccountName: default"),
        ("W1-user", "runAsNonRoot: true, ", ""),
        ("W1-user", "runAsUser: 65532", "runAsUser: 1000"),
        ("W1-seccomp", ", seccompProfile: {type: RuntimeDefault}", ""),
        ("W2-container", "drop: [ALL]", "drop: [NET_RAW]"),
        ("W2-container", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        ("W2-volume", "volumes: []", "volumes: [{name: a, emptyDir: {}}]"),
        ("W3-token", "      automountServiceAccountToken: false\n", ""),
        ("W3-token", "\nautomountServiceAccountToken: false\n", "\n"),
        ("W4-resources", "cpu: 50m, ", ""),
        ("W4-memory", "limits: {memory: 64Mi", "limits: {memory: 65Mi"),
        ("W5-probes", "          startupProbe: {httpGet: {path: /startupz, port: http}}\n", ""),
        ("W5-probes", "path: /livez", "path: /readyz"),
        ("W7-budget", "maxUnavailable: 1", "maxUnavailable: 0"),
        ("W8-rollout", "{rollingUpdate: {maxUnavailable: 0}}", "{rollingUpdate: {maxUnavailable: 1}}"),
        ("W8-rollout", "  minReadySeconds: 2\n", ""),
        ("W8-rollout", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 30"),
        (
            "W10-priority",
            "serviceAccountName: vault\n      automountServiceAccountToken: false\n      priorityClassName: high\n",
            "serviceAccountName: vault\n      automountServiceAccountToken: false\n",
        ),
        ("W11-labels", "app.kubernetes.io/version: '1', ", ""),
        (
            "dangling-workload",
            "  selector: {matchLabels: {app.kubernetes.io/name: web}}\n  strategy",
            "  selector: {matchLabels: {app: web}}\n  strategy",
        ),
        ("I4-mode", "volumes: []", "volumes: [{name: a, secret: {secretName: s}}]"),
        ("I4-mode", "volumes: []", "volumes: [{name: a, secret: {secretName: s, defaultMode: 420}}]"),
        (
            "I1-charge-key",
            "volumes: []",
            "volumes: [{name: a, secret: {secretName: invoice-app-charge-key-0123456789, defaultMode: 256}}]",
        ),
        (
            "I1-event-key",
            "volumes: []",
            "volumes: [{name: a, secret: {secretName: vault-event-key-0123456789, defaultMode: 256}}]",
        ),
        (
            "I1-event-key",
            "volumes: []",
            "volumes: [{name: a, projected: {sources: [{secret: {name: vault-event-key}}]}}]",
        ),
        ("W12-hash", "immutable: true\n", ""),
        ("W12-secret", "env: []", "env: [{name: K, valueFrom: {secretKeyRef: {name: s, key: k}}}]"),
    ] {
        let findings = after(old, new);
        assert!(says(&findings, rule), "{rule}, {old:?} -> {new:?}: {findings:#?}");
    }
    let own = "volumes: [{name: a, secret: {secretName: web-event-key-0123456789, defaultMode: 256}}]";
    assert!(after("volumes: []", own).is_empty(), "its own key");
    assert!(says(&without("PodDisruptionBudget", "name: web"), "W7-budget"));
    assert!(says(&without("VirtualService", "name: vault"), "M12-no-repeats"));
    for (kind, name) in
        [("ResourceQuota", "name: quota, namespace: bank"), ("LimitRange", "name: defaults, namespace: bank")]
    {
        assert!(says(&without(kind, name), "T5-bounds"), "{kind}");
    }
}

/// The end of the clean render.
const END: &str = "      retries: {attempts: 0}\n";

/// Adds an object to the clean render.
fn with(more: &str) -> Vec<Finding> {
    after(END, &format!("{END}---\n{more}"))
}

const SCALER: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, namespace: shop}
spec:
  minReplicas: 3
  scaleTargetRef: {kind: Deployment, name: web}
  behavior: {scaleDown: {stabilizationWindowSeconds: 600}}
";

#[test]
fn an_autoscaler_and_its_deployment_do_not_both_say_how_many() {
    let scaled = format!("{END}---\n{SCALER}");
    assert!(with(SCALER).is_empty(), "{:#?}", with(SCALER));
    let both =
        after_each(&[("  minReadySeconds: 2\n", "  minReadySeconds: 2\n  replicas: 3\n"), (END, &scaled)]);
    assert!(says(&both, "W9-replicas"), "{both:#?}");
    let alone = after("  minReadySeconds: 2\n", "  minReadySeconds: 2\n  replicas: 3\n");
    assert!(alone.is_empty(), "without one it says it itself: {alone:#?}");
}

#[test]
fn a_repeated_job_ends_and_is_never_there_twice() {
    let job = "apiVersion: batch/v1
kind: CronJob
metadata: {name: j, namespace: shop}
spec:
  concurrencyPolicy: Forbid
  jobTemplate: {spec: {ttlSecondsAfterFinished: 60, backoffLimit: 1, activeDeadlineSeconds: 60}}
";
    assert!(!says(&with(job), "W10-job"), "{:#?}", with(job));
    for broken in [
        job.replace("Forbid", "Allow"),
        job.replace("  concurrencyPolicy: Forbid\n", ""),
        job.replace("ttlSecondsAfterFinished: 60, ", ""),
        job.replace("backoffLimit: 1, ", ""),
        job.replace(", activeDeadlineSeconds: 60", ""),
    ] {
        assert!(says(&with(&broken), "W10-job"), "{broken}");
    }
}

#[test]
fn an_object_more_that_breaks_a_rule() {
    let role = |rule: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r, namespace: shop}}\nrules: [{rule}]\n"
        )
    };
    for (rule, more) in [
        ("wildcard-in-rules", role("{apiGroups: [''], resources: ['*'], verbs: [get]}")),
        ("access-to-secrets", role("{apiGroups: [''], resources: [secrets], verbs: [list]}")),
        ("access-to-create-pods", role("{apiGroups: [''], resources: [pods], verbs: [create]}")),
        ("access-to-create-pods", role("{apiGroups: [''], resources: [pods/exec], verbs: [get]}")),
        ("access-to-create-pods", role("{apiGroups: [''], resources: [serviceaccounts], verbs: [impersonate]}")),
        ("cluster-admin-role-binding", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: shop}\nroleRef: {kind: ClusterRole, name: edit}\nsubjects: [{kind: Group, name: g}]\n".into()),
        ("dangling-hpa", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop}\nspec: {minReplicas: 3, scaleTargetRef: {kind: Deployment, name: x}}\n".into()),
        ("W6-replicas", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop}\nspec: {minReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}}\n".into()),
        ("W9-behavior", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: shop}\nspec: {minReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}}\n".into()),
        ("W10-job", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: shop}\nspec: {backoffLimit: 1}\n".into()),
        ("dangling-service-entry", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: shop}\nspec: {hosts: [a.example]}\n".into()),
        ("M1-exception", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: d, namespace: shop}\nspec: {host: a, trafficPolicy: {tls: {mode: DISABLE}}}\n".into()),
    ] {
        let findings = with(&more);
        assert!(says(&findings, rule), "{rule}: {findings:#?}");
    }
    let harmless = with(&role("{apiGroups: [apps], resources: [deployments], verbs: [get, patch]}"));
    assert!(harmless.is_empty(), "{harmless:#?}");
    let named = |rule: &str| with(&role(rule).replace("name: r,", "name: reader,"));
    let reads = named("{apiGroups: [''], resources: [secrets], verbs: [list]}");
    assert!(reads.is_empty(), "the graph names it: {reads:#?}");
    assert!(says(&named("{apiGroups: [''], resources: [pods], verbs: [list]}"), "access-to-secrets"));
}
