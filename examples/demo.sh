#!/usr/bin/env bash
# The main job on the simulated cluster, with the real output of each step. `make demo` runs it.
set -euo pipefail
lab=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf "$lab"
}
trap finish EXIT
export HOME="$lab" XDG_STATE_HOME="$lab/state" XDG_CONFIG_HOME="$lab/config" XDG_CACHE_HOME="$lab/cache"
unset "${!PMPC_@}"

step() {
    if [ -t 1 ]; then printf '\n\033[1m# %s\033[0m\n' "$1"; else printf '\n# %s\n' "$1"; fi
}
say() {
    local word line='$'
    for word in "$@"; do
        case $word in *[!A-Za-z0-9_./:=,@%+-]*) word="'$word'" ;; esac
        line+=" $word"
    done
    printf '%s\n' "$line"
}
show() {
    say pmpc "$@"
    pmpc "$@"
}

step 'Make a workspace on the simulated cluster and read it for the first time'
show workspace init "$lab/homelab" --name homelab --url sim://homelab --no-input --pull
cd "$lab/homelab"

step 'Is all well?'
show status

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
say pmpc schema vm list
pmpc schema vm list | head -n 12

step 'What is recorded: the same from the database, without the server'
show sync log
show vm list --offline --columns vmid,name,status

step 'A cluster behind TLS: served on this machine, its certificate pinned'
pmpc sim serve >"$lab/reach" 2>/dev/null &
server=$!
for _ in $(seq 100); do
    [ -s "$lab/reach" ] && break
    sleep 0.1
done
. "$lab/reach"
url=$PMPC_URL fingerprint=$PMPC_FINGERPRINT
unset PMPC_URL PMPC_FINGERPRINT PMPC_TOKEN_ID
export PMPC_TOKEN_SECRET
show workspace init "$lab/served" --url "$url" --token-id 'root@pam!pmpc' --token-secret-from env:PMPC_TOKEN_SECRET \
    --fingerprint "$fingerprint" --no-input --pull
cd "$lab/served"

step 'Somebody changes a guest; the next pull says what, key by key'
python3 - "$url" <<'PYTHON'
import os, ssl, sys, urllib.request

request = urllib.request.Request(
    f"{sys.argv[1]}/api2/json/nodes/pve1/qemu/100/config",
    data=b"memory=6144&description=moved+to+the+new+rack",
    headers={"Authorization": f"PVEAPIToken=root@pam!pmpc={os.environ['PMPC_TOKEN_SECRET']}"},
    method="PUT",
)
urllib.request.urlopen(request, context=ssl._create_unverified_context()).read()
PYTHON
show sync pull
show vm history 100
show sync pull

step 'A change: looked at first, then made; here a virtual machine, from a template, up to its address'
show vm create demo --clone-from debian-13-cloud --ipconfig 10.10.20.50/24,gw=10.10.20.1 --start --dry-run
show vm create demo --clone-from debian-13-cloud --ipconfig 10.10.20.50/24,gw=10.10.20.1 --start --yes
show vm wait demo --for ip

step 'Every change is in the journal, and is taken back by its number'
show vm tag add demo trial --yes
show audit list
show audit undo "$(pmpc audit list --limit 1 --query '[0].operation')" --yes
show audit verify

step 'Declared: manifests in files; what drifts, and who changed it'
show sync declare vm ct --query 'length(@)'
sed -i.old 's/^memory: .*/memory: 4096  # enough for the shop/' infra/vm/101-web.yml
rm infra/vm/101-web.yml.old
show vm set 104 --cores 6 --yes
say pmpc sync diff --exit-code
pmpc sync diff --exit-code || printf '(exit status %s)\n' "$?"
show sync run --yes
show sync diff --exit-code
grep memory infra/vm/101-web.yml

step 'For Ansible: a dynamic inventory of what is recorded'
show iac inventory --host docker

step 'What cannot be taken back wants its name, and a backup'
show vm stop demo --yes
say pmpc vm delete demo --yes
pmpc vm delete demo --yes || printf '(exit status %s)\n' "$?"
show vm delete demo --yes --confirm demo --without-backup

step 'An error has a hint, and a status of its own'
say pmpc vm show 999
pmpc vm show 999 || printf '(exit status %s)\n' "$?"

printf '\nAll of this was a simulated cluster. Your own: see README.md, "Your own cluster".\n'
