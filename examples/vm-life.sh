#!/usr/bin/env bash
# From nothing to a running virtual machine with an address, and back to nothing. Needs jq.
#   vm-life.sh [TEMPLATE]     a cloud-init template to clone; 9000 if not said
# It asks the workspace in which it stands, or the one of PMPC_WORKSPACE, or what PMPC_URL and its like name.
set -euo pipefail
template=${1:-9000}
name=vm-life-$$

vm=$(pmpc vm create "$name" --clone-from "$template" --cores 2 --memory 2G --ciuser admin \
    --ipconfig 10.10.20.250/24,gw=10.10.20.1 --tag example --start --yes -o json | jq .id)
echo "VM $vm ($name) was created and started"

ip=$(pmpc vm wait "$vm" --for ip --timeout 5m -o json | jq --raw-output .ip)
echo "it has the address $ip"

pmpc vm snapshot create "$vm" first --yes -o json | jq --raw-output '"snapshot: " + .status'
pmpc vm set "$vm" --cores 4 --yes -o json 2>/dev/null | jq --raw-output '"set: " + .status'
pmpc vm snapshot delete "$vm" first --yes -o json | jq --raw-output '"snapshot deleted: " + .status'

pmpc vm stop "$vm" --yes -o json | jq --raw-output '"stop: " + .status'
pmpc vm delete "$vm" --yes --confirm "$name" --without-backup -o json | jq --raw-output '"delete: " + .status'
