#!/usr/bin/env bash
# What runs on the cluster, as CSV: one line a guest. Needs jq.
#   inventory.sh > inventory.csv
# It asks the workspace in which it stands, or the one of PMPC_WORKSPACE, or what PMPC_URL and its like name.
set -euo pipefail

status=0
guests=$(pmpc guest list -o json --no-input) || status=$?
# 11: a node does not answer; its guests are in the list, as unknown. Anything else that is not 0 has no list.
[ "$status" -eq 0 ] || [ "$status" -eq 11 ] || exit "$status"

jq --raw-output '
    ["id", "name", "type", "node", "status", "cpus", "memory_gib", "tags"],
    (.[] | select(.template | not) | [
        .vmid, .name, .type, .node, .status, .cpus,
        (if .memory then .memory / 1073741824 else null end),
        (.tags | join(" "))
    ])
    | @csv' <<<"$guests"
exit "$status"
