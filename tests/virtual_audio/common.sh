# Settings and process bookkeeping shared by start.sh and stop.sh; read with `.`, never run.
STUDIO_NAME=${STUDIO_NAME:-antiphon-studio}
STUDIO_DIR=${STUDIO_DIR:-${TMPDIR:-/tmp}/$STUDIO_NAME-$(id -u)}
STUDIO_RATE=${STUDIO_RATE:-48000}
STUDIO_PERIOD=${STUDIO_PERIOD:-256}
STUDIO_SYNC=${STUDIO_SYNC:-0}

say() { printf 'studio: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# JACK's tools may wait for ever on a sick server, and some read standard input. The limit is long,
# because a server may hang after a client that was killed.
jack() { timeout 20 "$@" </dev/null; }

# A process number alone may have been given to a stranger since: its start time decides.
# A zombie has no start time here: where process 1 reaps nobody, it would seem to live for ever.
born() { sed 's/.*) //; /^Z/d' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
remember() { printf '%s %s\n' "$2" "$(born "$2")" >"$STUDIO_DIR/$1.pid"; }
running() {
  local pid start
  [ -s "$STUDIO_DIR/$1.pid" ] || return 1
  read -r pid start <"$STUDIO_DIR/$1.pid"
  [ -n "$start" ] && [ "$(born "$pid")" = "$start" ]
}

# wait_for_port PORT PROCESS: until the port exists, at most ten seconds, or the process has gone.
wait_for_port() {
  local _
  for _ in $(seq 200); do
    jack jack_lsp 2>/dev/null | grep -qx "$1" && return 0
    running "$2" || return 1
    sleep 0.05
  done
  return 1
}
