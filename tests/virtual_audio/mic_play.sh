#!/usr/bin/env bash
# mic_play.sh FILE: play a sound file into the studio's microphone; ends with the file, or when
# terminated, and the player with it.
# Needs the variables that start.sh prints. Player and converter are not ours: jack-play, sox.
set -u
file=${1:?usage: mic_play.sh FILE}
[ -r "$file" ] || { echo "mic_play.sh: cannot read $file" >&2; exit 1; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
sox "$file" -r "${STUDIO_RATE:-48000}" -c 2 -b 16 "$folder/take.wav" || exit 1
JACK_PLAY_CONNECT_TO='mic:input_%d' jack-play "$folder/take.wav" </dev/null &
player=$!
# A shell that is terminated leaves what it waits for running: it would play into the next test.
trap 'kill "$player" 2>/dev/null' TERM INT
wait "$player"
code=$?
wait "$player" 2>/dev/null # the first wait also ends with a signal
exit "$code"
