#!/usr/bin/env bash
# One would expect: a server that was killed is gone, and when none runs one can be started.
# What happens: JACK keeps a list of eight servers in shared memory. One that was killed stays on it,
# though its process is long gone, until a server of the same *name* is started. After eight of
# different names no other can be: "Too many servers already active", while none is.
# Why it matters: test rigs, and programs that start a private server for each run, give them names of
# their own. After the eighth crash no test runs any more on that machine, nor anybody's own server
# unless it has a name that is on the list.
# Needs Linux, and jackd 1.9.21 with jack_wait (Debian 12: jackd2).
set -euo pipefail

if [ -z "${FINDING_INSIDE:-}" ]; then  # a list of its own, so that nobody else's is filled
    export FINDING_INSIDE=1
    exec unshare --map-root-user --mount --pid --fork --kill-child --mount-proc bash "$0"
fi
mount -t tmpfs tmpfs /dev/shm
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export JACK_NO_START_SERVER=1 JACK_NO_AUDIO_RESERVATION=1

# Starts a server and ends it again; says whether it ran.
try() {  # NAME SIGNAL
    jackd --name "$1" -r --sync -d dummy -r 48000 -p 1024 >"$folder/log" 2>&1 &
    local server=$! ran=no
    jack_wait -s "$1" -w -t 3 >/dev/null 2>&1 && ran=yes
    kill "-$2" "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    echo "$ran"
}

seen=""
tell() {  # NAME SIGNAL
    local ran
    ran=$(try "$1" "$2")
    echo "server \"$1\" starts: $ran (then ended by SIG$2) $(grep 'Too many' "$folder/log" || true)"
    seen="$seen $ran"
}

jackd --version | head -1
for number in 1 2 3 4 5 6 7 8; do
    tell "name$number" KILL
done
echo "jackd processes that run now: $(pgrep -c jackd || true)"
tell other TERM
tell name1 TERM  # a known name, and this time it ends well: a place is free again
tell other TERM

expected=" yes yes yes yes yes yes yes yes no yes yes"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
