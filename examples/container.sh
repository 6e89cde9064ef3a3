#!/usr/bin/env bash
# From nothing to a running container with an address, and back to nothing. Needs jq.
#   container.sh NAME KEYFILE [TEMPLATE]     KEYFILE: public keys that may log in as root; TEMPLATE: debian-13
# STORAGE, BRIDGE and ADDRESS say where its root goes, and its network (ADDRESS=dhcp).
# It asks the workspace in which it stands, or the one of PMPC_WORKSPACE, or what PMPC_URL and its like name.
set -euo pipefail
name=$1 keys=$2 template=${3:-debian-13}
storage=${STORAGE:-local-lvm} bridge=${BRIDGE:-vmbr0} address=${ADDRESS:-10.10.20.60/24,gw=10.10.20.1}
export PMPC_OUTPUT=json

here=$(pmpc ct template list | jq --arg name "$template" 'any(.[].name; startswith($name))')
if [ "$here" = false ]; then
    pmpc ct template download "$template" --storage local --yes --quiet | jq -r '"\(.action): \(.id)"'
fi
ctid=$(pmpc ct create "$name" --template "$template" --rootfs "$storage:4" --memory 512 --nesting \
    --nic "$bridge,ip=$address" --ssh-keys "$keys" --tag demo --start --yes --quiet | jq .id)
pmpc ct wait "$ctid" --for ip | jq -r '"CT \(.id) runs on \(.node): ssh root@\(.ip)"'

pmpc ct set "$ctid" --memory 1G --yes --quiet | jq -r '"\(.action): \(.status)"'
pmpc ct show "$ctid" | jq -r '"\(.name): \(.status)"'

pmpc ct shutdown "$ctid" --force-stop --yes --quiet | jq -r '"\(.action): \(.status)"'
# It cannot be taken back, hence its name; and it is too young to have a backup.
pmpc ct delete "$ctid" --yes --confirm "$name" --without-backup --quiet | jq -r '"\(.action): \(.status)"'
