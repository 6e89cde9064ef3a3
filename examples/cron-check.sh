#!/usr/bin/env bash
# Says what is wrong, and nothing when all is well: made for cron, which mails what is printed.
#   0 7 * * *  cd /home/me/lab && /usr/local/bin/cron-check.sh
# It ends with 0 when all is well, 1 when something is wrong, and pmpc's own status when it cannot ask at all.
set -euo pipefail

status=0
problems=$(pmpc status --no-input --quiet --query 'problems[?level!=`notice`].join(`: `, [level, message])') ||
    status=$?

case $status in
    0) ;;
    4) echo "critical: the token is not accepted" ;;
    11) problems="${problems:+$problems$'\n'}warning: not everything could be read" ;;
    *) echo "critical: pmpc status ended with $status" ;;
esac
[ "$status" -eq 0 ] || [ "$status" -eq 11 ] || exit "$status"

[ -z "$problems" ] || { printf '%s\n' "$problems"; exit 1; }
