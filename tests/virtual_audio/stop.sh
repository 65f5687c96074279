#!/usr/bin/env bash
# End what start.sh started, and nothing else. Safe to call twice, or with nothing running.
set -u
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/common.sh"

for process in guard mic server; do
  pid=0
  running "$process" && read -r pid _ <"$STUDIO_DIR/$process.pid"
  # The guard runs this very script when its owner has died; it ends by itself.
  if [ "$pid" != 0 ] && [ "$pid" != $$ ]; then
    kill "$pid" 2>/dev/null
    [ "$process" = guard ] && kill -- "-$pid" 2>/dev/null # its `tail` too
    for _ in $(seq 60); do
      running "$process" || break
      sleep 0.05
    done
    running "$process" && kill -9 "$pid" 2>/dev/null
  fi
  rm -f "$STUDIO_DIR/$process.pid"
done
# A server that had to be killed leaves these behind.
rm -f /dev/shm/jack_sem.*_"$STUDIO_NAME"_* /dev/shm/jack_"$STUDIO_NAME"_*
exit 0
