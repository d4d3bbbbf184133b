#!/usr/bin/env bash
# Builds the server and the load tool, and runs every scenario, one after another. What is printed
# is explained in Benchmarks/README.md. The exit code is 1 if any scenario failed.
set -euo pipefail
cd "$(dirname "$0")/.."
RELEASE=(swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
"${RELEASE[@]}" --product fanfare
"${RELEASE[@]}" --product fanfare-bench
"${RELEASE[@]}" --product fanfare-floor
SERVER=.build/release/fanfare
BENCH=.build/release/fanfare-bench
FLOOR=.build/release/fanfare-floor
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

for window in 32 1; do
  echo "--- the machine alone, window $window"
  run fanout --window "$window" --server "$FLOOR" "--server-arguments=--port {port} --batch"
  echo "--- fanfare, window $window"
  run fanout --window "$window" --server "$SERVER"
done
run idle --server "$SERVER"
run stalled --seconds 20 --server "$SERVER"
run restart --server "$SERVER"
echo "load average: $(cut -d ' ' -f 1-3 /proc/loadavg)"
exit "$failed"
