#!/usr/bin/env bash
# Runs all tests of a build: Tests/run.sh
#
# They take turns. Seeded worlds keep a whole machine busy, and pure tests the threads that tasks
# share, while tests of real sockets have deadlines; so each kind runs by itself, browsers last.
# A turn that fails does not keep the next ones from running; what failed is repeated at the end.
#
# Up to three tests that fail are run once more, alone: a machine that others use too may stop
# for longer than any deadline. What fails twice fails; what passes then is told all the same.
set -uo pipefail
cd "$(dirname "$0")/.."

CLUSTERS='Cluster(World|Defect)Tests'
WORLDS='Continuity|DepartureTests|LateFeedTests|ChannelFeedTests|LocalBackplaneTests'
WORLDS+='|PromiseAuditTests|FunctionSequenceTests|BackplaneConformanceTests|JobStore|SQLiteJob'
WORLDS+='|WorkerPool(Model)?Tests|Verify(Jobs)?CommandTests'
PURE='^Fanfare(Actors|Runtime|Server)Tests\.'
RETRIED_MAX=3

LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT

turn() {
  swift test --skip-build "$@" 2>&1 | tee -a "$LOG"
}

STATUS=0
turn --filter "$CLUSTERS" || STATUS=1
turn --filter "$WORLDS" --skip "$CLUSTERS" || STATUS=1
turn --filter "$PURE" --skip "$WORLDS|$CLUSTERS" || STATUS=1
turn --skip "$PURE|BrowserTests|$WORLDS|$CLUSTERS" || STATUS=1
turn --filter BrowserTests || STATUS=1
[ "$STATUS" = 0 ] && exit 0

# A run that ends by a crash leaves no failed test behind, only one that began.
mapfile -t FAILED < <(grep -aoE '^✘ Test [A-Za-z0-9_]+\(' "$LOG" | cut -d ' ' -f 3 | sort -u)
RUNS=$(grep -aoE 'Test run with .* (passed|failed) after' "$LOG" | wc -l)
echo
echo "Failed:"
grep -aE '^✘ Test [A-Za-z0-9_]+\(.* recorded an issue|error: |atal error' "$LOG" | cut -c 1-300 | head -20
if [ "$RUNS" != 5 ] || [ ${#FAILED[@]} = 0 ] || [ ${#FAILED[@]} -gt $RETRIED_MAX ]; then
  exit 1
fi

for test in "${FAILED[@]}"; do
  AGAIN=$(swift test --skip-build --filter "/${test%(}\\(" 2>&1)
  if [ $? = 0 ] && grep -qE 'Test run with [1-9]' <<< "$AGAIN"; then
    echo "failed beside others, passed alone: ${test%(}"
  else
    grep -aE '^✘' <<< "$AGAIN" | cut -c 1-300
    echo "failed twice: ${test%(}"
    STATUS=2
  fi
done
[ "$STATUS" != 2 ]
