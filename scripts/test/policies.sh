# shellcheck shell=bash disable=SC2154
# ./test.sh policies: offline, over what kustomize makes of the overlays.

# Written once, also when several parts ask for it. 3: there is nothing to render with.
render_overlays() {
  if [ ! -e "$work/overlays/prod.yaml" ]; then scripts/test/render.sh "$work/overlays" 2>"$work/output"; fi
}

every_mutant_is_noticed() {
  "$bin/antaeusctl" policies mutants --rendered "$work"/overlays/*.yaml
}

policies() {
  local rendered ok=0
  cargo build --locked --bins
  render_overlays || ok=$?
  if [ "$ok" = 3 ]; then
    skip "policies" "neither kustomize, nor go to build it with, nor kubectl is here"
    return
  fi
  [ "$ok" = 0 ] || cat "$work/output"
  check "the overlays can be rendered" [ "$ok" = 0 ]
  check "istio/install.yaml: the mesh is as the policies rely on it" "$bin/antaeusctl" policies mesh
  for rendered in "$work"/overlays/*.yaml; do
    check "$(basename "$rendered" .yaml): every layer answers as the call graph says" \
      "$bin/antaeusctl" policies check --rendered "$rendered"
    sed -n 's/^note: /        note: /p' "$work/output"
  done
  check "every mutant of every policy is noticed" every_mutant_is_noticed
  sed 's/^/        /' "$work/output"
}
