#!/usr/bin/env bash
# Times the steps of the event path one by one and counts their allocations.
set -euo pipefail
cd "$(dirname "$0")/.."
export FANFARE_MICRO=1
swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
  -Xswiftc -enable-testing --scratch-path .build-micro --product fanfare-micro
PIN=()
if [ "$(nproc)" -gt 1 ] && taskset -c 1 true 2> /dev/null; then PIN=(taskset -c 1); fi
"${PIN[@]}" .build-micro/release/fanfare-micro
