#!/usr/bin/env bash
# Puts jobs beside Celery 5 where it and redis-server are installed: how fast one client enqueues, and
# how fast two workers do what does nothing. PYTHON is one that knows Celery:
#   python3 -m venv /tmp/celery && /tmp/celery/bin/pip install "celery[redis]" packaging
#   PYTHON=/tmp/celery/bin/python make bench-peers
# RUNS (3) as in run.sh, COUNT (20000) tasks in each. The two take turns.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
COUNT=${COUNT:-20000}
if ! "$PYTHON" -c "import celery, redis" 2> /dev/null; then
  echo "Celery is not installed (see the head of this file): left out."
  exit 0
fi
if ! command -v redis-server > /dev/null; then
  echo "redis-server is not installed: Celery is left out."
  exit 0
fi
RELEASE=(swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
for product in fanfare fanfare-bench; do
  "${RELEASE[@]}" --product "$product"
done
PIN=()
UNPINNED=()
if [ "$(nproc)" -gt 1 ] && taskset -c 1 true 2> /dev/null; then
  PIN=(taskset -c 1)
else
  UNPINNED=(--unpinned)
fi
folder=$(mktemp -d)
port=$((20000 + RANDOM % 10000))
redis=
cleanUp() {
  [ -z "$redis" ] || kill "$redis" 2> /dev/null || true
  rm -rf "$folder"
}
trap cleanUp EXIT

# measure NAME KEEPS REDIS-OPTIONS…: Celery over a Redis of its own. It gets all cores.
measure() {
  local name=$1 keeps=$2
  shift 2
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --daemonize no --save "" \
    "$@" > "$folder/redis.log" 2>&1 &
  redis=$!
  until redis-cli -p "$port" ping > /dev/null 2>&1; do sleep 0.05; done
  echo "Celery, $name:"
  (cd Benchmarks/celery && PYTHONDONTWRITEBYTECODE=1 KEEPS=$keeps \
    REDIS="redis://127.0.0.1:$port/0" "$PYTHON" noop.py "$COUNT")
  kill "$redis"
  wait "$redis" 2> /dev/null || true
  redis=
  rm -rf "$folder"/*
}

"$PYTHON" -c "import celery; print('Celery', celery.__version__)"
for _ in $(seq "${RUNS:-3}"); do
  "${PIN[@]}" .build/release/fanfare-bench jobs --part noop --runs 1 --count "$COUNT" \
    "${UNPINNED[@]}"
  measure "as it comes, over a Redis that keeps nothing" 0 --appendonly no
  measure "with results, late acknowledgement and appendfsync always" 1 \
    --appendonly yes --appendfsync always
done
