#!/bin/sh
# Builds a fuzz target with the address sanitizer and runs it from its corpus.
# Usage: Fuzz/run.sh TARGET SECONDS     e.g. Fuzz/run.sh FuzzRequestHead 60
# New inputs that reach new code go to Fuzz/artifacts/TARGET/, which git ignores; so do crashes.
set -eu
if [ $# -ne 2 ]; then
  sed -n '3s/^# //p' "$0" >&2
  exit 64
fi
target=$1
seconds=$2
cd "$(dirname "$0")"
# Debian's gold dies on these objects, lld does not.
swift build -c release --product "$target" --scratch-path "${FUZZ_BUILD:-.build}" \
  -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing -Xswiftc -use-ld=lld
artifacts="artifacts/$target"
mkdir -p "$artifacts/corpus"
dictionary=""
if [ -f "Dictionaries/$target.dict" ]; then dictionary="-dict=Dictionaries/$target.dict"; fi
# The code under test has no pointers into stacks, and looking for such uses halves the speed.
export ASAN_OPTIONS="detect_stack_use_after_return=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
# Swift's own crash handler would take the signal before libFuzzer writes the input down.
SWIFT_BACKTRACE=enable=no exec "${FUZZ_BUILD:-.build}/release/$target" \
  -max_total_time="$seconds" -max_len=2500 -artifact_prefix="$artifacts/" \
  -print_final_stats=1 $dictionary "$artifacts/corpus" "Corpora/$target"
