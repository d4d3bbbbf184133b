#!/usr/bin/env bash
# Plays so many seeded worlds from a first seed on, in processes on all cores, and adds up what they
# count: Tests/worlds.sh FIRST COUNT FOLDER, where FOLDER holds a build of the tests.
set -euo pipefail
FIRST=$1 COUNT=$2
export RUNNER=$3/fanfarePackageTests.xctest
# One process plays so many: what a world leaves behind goes with it.
SLICE=1000

if [ "$COUNT" = 1 ]; then
  FANFARE_WORLDS=$FIRST:1 exec "$RUNNER" --testing-library swift-testing \
    --filter ClusterWorldTests/nothingIsLostInSilence
fi

LOGS=$(mktemp -d)
export LOGS
trap 'rm -rf "$LOGS"' EXIT

play() {
  if ! FANFARE_WORLDS=$1:$2 "$RUNNER" --testing-library swift-testing \
    --filter ClusterWorldTests/nothingIsLostInSilence > "$LOGS/$1" 2>&1
  then
    echo "worlds $1 to $(($1 + $2 - 1)):"
    grep -E 'seed [0-9]+|rror|Expectation|atal' "$LOGS/$1" | cut -c 1-600 || tail -5 "$LOGS/$1"
    return 1
  fi
}
export -f play

STATUS=0
LAST=$((FIRST + COUNT - 1))
for ((seed = FIRST; seed <= LAST; seed += SLICE)); do
  echo "$seed $((LAST - seed + 1 < SLICE ? LAST - seed + 1 : SLICE))"
done | xargs -P "$(nproc)" -n 2 bash -c 'play "$@"' play || STATUS=1
cat "$LOGS"/* | awk -F '\t' '$1 == "worlds" { sum[$2] += $3 }
  END { for (what in sum) printf "%-28s %12d\n", what, sum[what] }' | sort
exit "$STATUS"
