# shellcheck shell=bash disable=SC2154
# Dashboards and rules. Part of test.sh, whose `check`, `skip`, `counted` and `work` these functions use. That queries ask
# for what exists, that each alert is tested, and that the JSON is what the sources make, `cargo test -p dashboards` says.

dashboards() {
  rules_are_tested
  dashboards_are_built
}

rules_are_tested() {
  if ! command -v promtool >/dev/null; then
    skip "rules and alerts" "promtool is not installed (Debian: apt-get install prometheus)"
    return
  fi
  check "promtool takes every rule" promtool check rules dashboards/rules/*.yaml dashboards/rules/mesh/*.yaml
  check "promtool: each alert fires when it should, and only then" promtool test rules dashboards/rules/tests/*.yaml
  check "promtool notices an alert that never fires" mute_alert_is_noticed
}

# What cannot fail proves nothing.
mute_alert_is_noticed() {
  local copy=$work/rules
  rm -rf "$copy"
  cp -r dashboards/rules "$copy"
  sed -i 's/expr: max(duplicate_captures) > 0/expr: max(duplicate_captures) > 9/' "$copy/billing.yaml"
  ! cmp -s dashboards/rules/billing.yaml "$copy/billing.yaml" || return 1
  ! promtool test rules "$copy/tests/billing.yaml" >"$work/mute" 2>&1 && grep -q DuplicateCapture "$work/mute"
}

dashboards_are_built() {
  if ! tools=$(scripts/tools.sh kustomize 2>"$work/output"); then
    skip "the ConfigMaps of dashboards and rules" "kustomize and go are not here"
    return
  fi
  check "every dashboard and every rule is in a ConfigMap" each_file_is_mounted
}

each_file_is_mounted() {
  local file
  "$tools/kustomize" build dashboards >"$work/configmaps.yaml"
  for file in dashboards/grafana/*.json dashboards/rules/*.yaml dashboards/rules/mesh/*.yaml; do
    grep -q "^  $(basename "$file"): " "$work/configmaps.yaml" ||
      { echo "$file is not in dashboards/kustomization.yaml" && return 1; }
  done
}
