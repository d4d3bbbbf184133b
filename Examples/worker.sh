#!/bin/sh
# Does jobs of sync_queue, one at a time: sh worker.sh [http://127.0.0.1:8080]
server=${1:-http://127.0.0.1:8080}
worker=$(hostname)-$$

post() { curl --silent --fail --max-time 90 -H 'Content-Type: application/json' -d "$2" "$server$1"; }

while :; do
  leased=$(post /queues/sync_queue/lease "{\"worker\":\"$worker\",\"wait\":30}") || { sleep 1; continue; }
  id=$(printf %s "$leased" | sed -n 's/^{"jobs":\[{"id":"\([0-9a-z]*\)".*/\1/p')
  lease=$(printf %s "$leased" | sed -n 's/.*,"lease":"\([0-9a-z]*\)","deadline":.*/\1/p')
  [ "$id" ] || continue

  for step in 1 2 3 4 5; do
    sleep "${STEP_SECONDS:-1}" # the work; each report renews the lease, so none may take as long
    told=$(post "/jobs/$id/progress" "{\"lease\":\"$lease\",\"current\":$step,\"total\":5}") || continue 2
    case $told in *'"cancelled":true'*)
      post "/jobs/$id/release" "{\"lease\":\"$lease\"}" >/dev/null
      continue 2 ;;
    esac
  done
  post "/jobs/$id/succeed" "{\"lease\":\"$lease\",\"result\":{\"steps\":5}}" >/dev/null && echo "did $id"
done
