#!/usr/bin/env bash
# record.sh FILE SECONDS [PORT...]: record JACK output ports into a WAV file with jack_rec.
# Without ports it takes the first two outputs of a PortAudio program. Needs start.sh's variables.
set -u
file=${1:?usage: record.sh FILE SECONDS [PORT...]}
seconds=${2:?usage: record.sh FILE SECONDS [PORT...]}
shift 2
if [ $# = 0 ]; then
  mapfile -t ports < <(timeout 2 jack_lsp </dev/null | grep '^PortAudio.*:out_' | head -2)
  set -- "${ports[@]}"
fi
[ $# -gt 0 ] || { echo "record.sh: nothing is playing, so there is no port to record" >&2; exit 1; }
exec timeout "$((seconds + 10))" jack_rec -f "$file" -d "$seconds" -b 32 "$@" </dev/null
