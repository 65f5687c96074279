#!/usr/bin/env bash
# Start a sound studio without a sound card: a private JACK server with a virtual microphone.
# Standard output carries `export NAME=VALUE` lines and nothing else; use it as
#     eval "$(bash start.sh)"; ...; bash stop.sh
# Called again while the studio runs, it prints the same lines and starts nothing. See README.md.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

for tool in jackd jack_lsp jack_thru jack_disconnect flock setsid; do
  command -v "$tool" >/dev/null || die "$tool is missing (CI=true bash .ci/system installs it)"
done
mkdir -p "$STUDIO_DIR" || die "cannot make the folder $STUDIO_DIR"
exec 9>"$STUDIO_DIR/lock"
flock -w 60 9 || die "another start.sh holds $STUDIO_DIR/lock"
export JACK_DEFAULT_SERVER=$STUDIO_NAME JACK_NO_START_SERVER=1 JACK_NO_AUDIO_RESERVATION=1

# Descriptor 9 is closed in everything that stays: a child would keep the lock for its lifetime.
start_server() {
  setsid jackd -n "$STUDIO_NAME" "${priority[@]}" -m "${sync[@]}" -t 5000 \
    -d dummy -r "$STUDIO_RATE" -p "$STUDIO_PERIOD" -C 2 -P 2 \
    >"$STUDIO_DIR/server.log" 2>&1 </dev/null 9>&- &
  remember server $!
  wait_for_port system:playback_1 server
}

if ! running server; then
  priority=(-r)
  chrt -f 10 true 2>/dev/null && priority=(-R -P 10)
  sync=()
  [ "$STUDIO_SYNC" = 1 ] && sync=(-S)
  rm -f "$STUDIO_DIR/mic.pid"
  for _ in $(seq 10); do
    start_server && break
    # A killed server of this name counts until its parent has collected it.
    grep -q 'already active' "$STUDIO_DIR/server.log" || break
    sleep 1
  done
  running server || {
    grep -iE 'cannot|fail|already|error' "$STUDIO_DIR/server.log" | head -3 >&2
    bash "$here/stop.sh"
    die "the JACK server did not start"
  }
fi

if ! running mic; then
  # What is played into mic:input_N is heard from the capture device `mic`.
  setsid jack_thru mic >"$STUDIO_DIR/mic.log" 2>&1 </dev/null 9>&- &
  remember mic $!
  wait_for_port mic:output_2 mic || { bash "$here/stop.sh"; die "the virtual microphone did not start"; }
  # jack_thru joins itself to the system's ports, a moment after they show: wait for that, undo it.
  for channel in 1 2; do
    for pair in "system:capture_$channel mic:input_$channel" "mic:output_$channel system:playback_$channel"; do
      for _ in $(seq 50); do
        # shellcheck disable=SC2086  # the pair is two words on purpose
        jack jack_disconnect $pair >/dev/null 2>&1 && break
        sleep 0.02
      done
    done
  done
fi

if [ -n "${STUDIO_OWNER:-}" ] && ! running guard; then
  # A killed test run cannot call stop.sh; this ends the studio for it.
  STUDIO_NAME=$STUDIO_NAME STUDIO_DIR=$STUDIO_DIR setsid bash -c \
    'tail --pid="$1" -f /dev/null; exec bash "$2/stop.sh"' guard "$STUDIO_OWNER" "$here" \
    >/dev/null 2>&1 </dev/null 9>&- &
  remember guard $!
fi

cat <<EXPORTS
export STUDIO_NAME='$STUDIO_NAME'
export STUDIO_DIR='$STUDIO_DIR'
export STUDIO_RATE='$STUDIO_RATE'
export STUDIO_PERIOD='$STUDIO_PERIOD'
export STUDIO_OUTPUT='system, JACK Audio Connection Kit'
export STUDIO_INPUT='mic, JACK Audio Connection Kit'
export STUDIO_LOG='$STUDIO_DIR/server.log'
export JACK_DEFAULT_SERVER='$STUDIO_NAME'
export JACK_NO_START_SERVER='1'
export ANTIPHON_MIDI='jack'
EXPORTS
say "ready: server $STUDIO_NAME, $STUDIO_RATE Hz, $STUDIO_PERIOD frames"
