# shellcheck shell=bash disable=SC2154
# ./test.sh fuzz and bench.

fuzz() { # [--seconds N]
  local seconds=60 target
  if [ "${1:-}" = --seconds ]; then seconds=$2; fi
  if ! cargo +nightly fuzz --version >"$work/output" 2>&1; then
    skip "fuzzing" "nightly Rust or cargo-fuzz is missing: rustup toolchain install nightly; cargo install cargo-fuzz"
    return
  fi
  for target in proof/fuzz/fuzz_targets/*.rs; do
    check "fuzz $(basename "$target" .rs), $seconds s" fuzz_one "$(basename "$target" .rs)" "$seconds"
    grep -h 'Done [0-9]* runs' "$work/output" || true
  done
}

fuzz_one() { # TARGET SECONDS: starts from the committed corpus; what it finds on the way stays out of it
  mkdir -p "$work/fuzz/$1"
  (cd proof && cargo +nightly fuzz run "$1" "$work/fuzz/$1" "fuzz/corpus/$1" -- \
    -max_total_time="$2" -max_len=20000 -timeout=10)
}

bench() { # startup|charge|billing|events|flat|flood|telemetry [ARGUMENTS...]
  # What the images hold is what is measured.
  bin=$(scripts/release-build.sh invoice-app payment-provider orders notifications antaeusctl proof)
  case ${1:-} in
  charge | billing | events | flat) with_postgres ;;
  telemetry)
    with_postgres
    with_collector
    ;;
  esac
  "$bin/bench" "$@"
}
