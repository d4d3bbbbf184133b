#!/usr/bin/env bash
# Builds the server, the floor and the load tool, and compares the first two.
#   SCENARIOS  which ones (Benchmarks/README.md); without it all of them, and then the proofs.
#   RUNS       pairs of trials for each row, 5 without it.
#   LENGTH     seconds measured in each trial, 1 without it.
#   TRANSPORT  sse or websocket; without it both.
# The exit code is 1 if an event was lost, came twice or came out of order, or a proof failed.
set -euo pipefail
cd "$(dirname "$0")/.."
RELEASE=(swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
for product in fanfare fanfare-bench fanfare-floor; do
  "${RELEASE[@]}" --product "$product"
done
BENCH=.build/release/fanfare-bench
PIN=()
UNPINNED=()
# The server takes core 0 and the load side core 1; on a single core they share it.
if [ "$(nproc)" -gt 1 ] && taskset -c 1 true 2> /dev/null; then
  PIN=(taskset -c 1)
else
  UNPINNED=(--unpinned)
fi
failed=0

run() {
  "${PIN[@]}" "$BENCH" "$@" "${UNPINNED[@]}" || failed=1
}

read -r -a scenarios <<< "${SCENARIOS:-}"
run compare "${scenarios[@]}" --runs "${RUNS:-5}" --seconds "${LENGTH:-1}" \
  ${TRANSPORT:+--transport "$TRANSPORT"}
if [ "${#scenarios[@]}" = 0 ]; then
  if command -v redis-server > /dev/null; then
    run redis --runs "${RUNS:-5}" --seconds "${LENGTH:-1}"
    run redis-away --seconds 20
  else
    echo "redis-server is not installed: nodes over Redis are left out"
  fi
  run jobs --runs "${RUNS:-5}"
  run idle
  run stalled --seconds 20
  run restart
fi
exit "$failed"
