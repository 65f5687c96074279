#!/usr/bin/env bash
# record.sh FILE SECONDS [PORT...]: record JACK output ports into a WAV file with jack_rec.
# Without ports it takes the first two outputs of a PortAudio program. Needs start.sh's variables.
set -u
file=${1:?usage: record.sh FILE SECONDS [PORT...]}
seconds=${2:?usage: record.sh FILE SECONDS [PORT...]}
shift 2
if [ $# = 0 ]; then
  # A very busy machine may refuse a client once; nothing playing is found as quickly.
  for _ in 1 2 3 4 5; do
    mapfile -t ports < <(timeout 20 jack_lsp </dev/null | grep '^PortAudio.*:out_' | head -2)
    [ "${#ports[@]}" = 0 ] || break
    sleep 0.1
  done
  set -- "${ports[@]}"
fi
[ $# -gt 0 ] || { echo "record.sh: nothing is playing, so there is no port to record" >&2; exit 1; }
exec timeout "$((seconds + 10))" jack_rec -f "$file" -d "$seconds" -b 32 "$@" </dev/null
