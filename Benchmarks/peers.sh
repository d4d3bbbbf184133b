#!/usr/bin/env bash
# Compares others with the floor, where they are installed: nginx with nchan
# (apt-get install nginx libnginx-mod-nchan) and node with ws (apt-get install node-ws); and then
# jobs with Celery (celery.sh). SCENARIOS, RUNS, LENGTH and TRANSPORT as in run.sh. NCHAN is nchan's
# module, NODE_MODULES the folder of ws, where they are elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
NCHAN=${NCHAN:-/usr/lib/nginx/modules/ngx_nchan_module.so}
NGINX=$(command -v nginx || echo /usr/sbin/nginx)
NODE=$(command -v node || echo /usr/bin/node)
NODE_MODULES=${NODE_MODULES:-/usr/share/nodejs}
RELEASE=(swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
for product in fanfare-bench fanfare-floor; do
  "${RELEASE[@]}" --product "$product"
done
PIN=()
UNPINNED=()
if [ "$(nproc)" -gt 1 ] && taskset -c 1 true 2> /dev/null; then
  PIN=(taskset -c 1)
else
  UNPINNED=(--unpinned)
fi

# compare SCENARIOS OPTIONS…
compare() {
  local scenarios
  read -r -a scenarios <<< "${SCENARIOS:-$1}"
  shift
  "${PIN[@]}" .build/release/fanfare-bench compare "${scenarios[@]}" --runs "${RUNS:-3}" \
    --seconds "${LENGTH:-1}" "$@" "${UNPINNED[@]}"
}

if [ -x "$NGINX" ] && [ -f "$NCHAN" ]; then
  configuration=$(mktemp)
  trap 'rm -f "$configuration"' EXIT
  { echo "load_module $NCHAN;"; cat Benchmarks/nchan.conf; } > "$configuration"
  # nchan takes one message a request: what needs several channels in one is left out.
  compare "S1 S1w1 S2 S5" ${TRANSPORT:+--transport "$TRANSPORT"} --dialect nchan \
    --server "$NGINX" --server-arguments="-p ./ -c server.conf" --configuration "$configuration"
else
  echo "nginx with nchan is not installed (libnginx-mod-nchan): left out."
fi

if [ -x "$NODE" ] && [ -d "$NODE_MODULES/ws" ]; then
  # It has no Server-Sent Events.
  NODE_PATH=$NODE_MODULES compare "S1 S1w1 S2 S5 S6" --transport websocket --name node-ws \
    --server "$NODE" --server-arguments="$PWD/Benchmarks/node-ws.js {port}"
else
  echo "node with ws is not installed (node-ws): left out."
fi

Benchmarks/celery.sh
