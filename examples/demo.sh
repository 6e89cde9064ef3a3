#!/usr/bin/env bash
# The main job on the simulated cluster, with the real output of each step. `make demo` runs it.
set -euo pipefail
lab=$(mktemp -d)
trap 'rm -rf "$lab"' EXIT
export HOME="$lab" XDG_STATE_HOME="$lab/state" XDG_CONFIG_HOME="$lab/config" XDG_CACHE_HOME="$lab/cache"
unset "${!PMPC_@}"

step() { printf '\n\033[1m# %s\033[0m\n' "$1"; }
show() {
    printf '$ pmpc'
    printf ' %q' "$@"
    printf '\n'
    pmpc "$@"
}

step 'Make a workspace on the simulated cluster and read it for the first time'
show workspace init "$lab/homelab" --name homelab --url sim://homelab --no-input --pull
cd "$lab/homelab"

step 'Is all well?'
show status --allow-partial

step 'The guests, live, by one request'
show vm list
show ct list

step 'Pick, filter and sort; the same on every list'
show vm list --filter status=running --sort -memory --columns vmid,name,node,memory,tags

step 'One guest, whole'
show vm show 101

step 'Snapshots that somebody forgot'
show guest snapshot list --older-than 30d

step 'For programs: JSON, and its schema'
show vm list -o json --query '[?status==`running`].{id: vmid, name: name} | [:3]'
pmpc schema vm list | head -n 12

step 'Nothing has changed since the first pull'
show sync pull
show sync log

step 'The same from the database, without the server'
show vm list --offline --columns vmid,name,status

printf '\nThat was pmpc on a simulated cluster. Your own: see README.md, "Your own cluster".\n'
