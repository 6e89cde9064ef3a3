#!/usr/bin/env bash
# From a cloud image to a running virtual machine with an address, and back to nothing. Needs jq.
#   cloud-init-vm.sh NAME KEYFILE [IMAGE]    KEYFILE: public keys that may log in; IMAGE: its web address
# STORAGE, BRIDGE and ADDRESS say where its disk goes, and its network. A storage of files must take images to import;
# with `local` once: pmpc storage set local --content backup,iso,snippets,vztmpl,import
# It asks the workspace in which it stands, or the one of PMPC_WORKSPACE, or what PMPC_URL and its like name.
set -euo pipefail
name=$1 keys=$2
image=${3:-https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2}
storage=${STORAGE:-local-lvm} bridge=${BRIDGE:-vmbr0} address=${ADDRESS:-10.10.20.50/24,gw=10.10.20.1}
export PMPC_OUTPUT=json

vmid=$(pmpc vm create "$name" --image "$image" --storage "$storage" --disk-size 8G --memory 1G --no-agent \
    --nic "$bridge" --ciuser admin --ssh-keys "$keys" --ipconfig "$address" --tag demo --start --yes --quiet | jq .id)
pmpc vm wait "$vmid" --for ip | jq -r '"VM \(.id) runs on \(.node): ssh admin@\(.ip)"'

pmpc vm snapshot create "$vmid" fresh --yes | jq -r '"\(.action): \(.status)"'
pmpc vm set "$vmid" --description 'made by a script' --yes --quiet | jq -r '"\(.action): \(.status)"'
pmpc vm show "$vmid" | jq -r '"\(.name): \(.status)"'

pmpc vm stop "$vmid" --yes --quiet | jq -r '"\(.action): \(.status)"'
# It cannot be taken back, hence its name; and it is too young to have a backup.
pmpc vm delete "$vmid" --yes --confirm "$name" --without-backup --quiet | jq -r '"\(.action): \(.status)"'
