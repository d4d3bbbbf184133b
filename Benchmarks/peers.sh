#!/usr/bin/env bash
# Compares others with the floor, where they are installed: nginx with nchan
# (apt-get install nginx libnginx-mod-nchan). SCENARIOS, RUNS, LENGTH and TRANSPORT as in run.sh.
# NCHAN is the module, where it is elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
NCHAN=${NCHAN:-/usr/lib/nginx/modules/ngx_nchan_module.so}
NGINX=$(command -v nginx || echo /usr/sbin/nginx)
if [ ! -x "$NGINX" ] || [ ! -f "$NCHAN" ]; then
  echo "nginx with nchan is not installed (libnginx-mod-nchan): left out."
  exit 0
fi
RELEASE=(swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
for product in fanfare-bench fanfare-floor; do
  "${RELEASE[@]}" --product "$product"
done
configuration=$(mktemp)
trap 'rm -f "$configuration"' EXIT
{ echo "load_module $NCHAN;"; cat Benchmarks/nchan.conf; } > "$configuration"
PIN=()
UNPINNED=()
if [ "$(nproc)" -gt 1 ] && taskset -c 1 true 2> /dev/null; then
  PIN=(taskset -c 1)
else
  UNPINNED=(--unpinned)
fi
# nchan takes one message a request: what needs several channels in one is left out.
read -r -a scenarios <<< "${SCENARIOS:-S1 S1w1 S2 S5}"
"${PIN[@]}" .build/release/fanfare-bench compare "${scenarios[@]}" --runs "${RUNS:-3}" \
  --seconds "${LENGTH:-1}" ${TRANSPORT:+--transport "$TRANSPORT"} --dialect nchan \
  --server "$NGINX" --server-arguments="-p ./ -c server.conf" --configuration "$configuration" \
  "${UNPINNED[@]}"
