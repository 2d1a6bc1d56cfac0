#!/usr/bin/env bash
# One would expect: a program's stream that is sent to another sink is remembered for that program, if at
# all, and the same however the sink is given.
# What happens: WirePlumber remembers it for the stream's *role*, if it has one: all programs that play
# "Music" begin at that sink from then on. So it is if the sink is given by its serial number, as
# pavucontrol does through the PulseAudio layer. If it is given by its name, the stream moves just the
# same, and nothing is remembered.
# Why it matters: a program that moves others' streams for a while, and ends before they do, leaves
# strangers without sound at their speakers; with the name it does not.
# Needs Linux, PipeWire 0.3.65 and WirePlumber 0.4.13 (Debian 12: pipewire-bin wireplumber dbus-daemon).
set -euo pipefail

seen_soon() {  # COMMAND...: within ten seconds
    for _ in {1..100}; do eval "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "not seen within ten seconds: $*" >&2
    exit 1
}

folder=$(mktemp -d)
export XDG_RUNTIME_DIR=$folder PIPEWIRE_RUNTIME_DIR=$folder
export XDG_STATE_HOME=$folder/state XDG_CONFIG_HOME=$folder/config
sink() {  # NAME PRIORITY
    echo "{ factory = adapter args = { factory.name = support.null-audio-sink node.name = $1
        media.class = Audio/Sink object.linger = true audio.position = [ FL FR ]
        priority.session = $2 } }"
}
cat >"$folder/pipewire.conf" <<CONF
context.properties = { core.daemon = true core.name = pipewire-0 }
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-protocol-native } { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-node-factory } { name = libpipewire-module-client-node }
    { name = libpipewire-module-access } { name = libpipewire-module-adapter }
    { name = libpipewire-module-link-factory } { name = libpipewire-module-session-manager }
]
context.objects = [ $(sink speakers 1000) $(sink phones 500) ]
CONF
python3 -c "
import wave
with wave.open('$folder/silence.wav', 'wb') as file:
    file.setparams((1, 2, 8000, 0, 'NONE', ''))
    file.writeframes(bytes(2 * 8000 * 60))"

PIPEWIRE_CONFIG_DIR=$folder pipewire >"$folder/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
seen_soon pw-cli info 0
dbus-run-session -- wireplumber >>"$folder/log" 2>&1 &
seen_soon 'pw-metadata | grep -q default.audio.sink'

play() {  # PROGRAM
    pw-cat --playback --properties "{ application.name = $1 node.name = $1 media.role = Music }" \
        "$folder/silence.wav" >/dev/null 2>&1 &
    player=$!
    sleep 1
}
where() { pw-link -l | grep -A1 "^$1:output_FL" | grep -o 'speakers\|phones'; }
number() { pw-cli info "$1" | grep -o "$2 = \"[0-9]*\"" | tr -dc 0-9; }  # NODE PROPERTY
stop() { kill "$player"; wait "$player" 2>/dev/null || true; sleep 1.5; }

pipewire --version | sed -n 2p
wireplumber --version | sed -n 2p
seen=""
for target in phones "$(number phones object.serial)"; do
    play one
    before=$(where one)
    pw-metadata "$(number one object.id)" target.object "$target" >/dev/null
    sleep 0.5
    moved=$(where one)
    stop
    play another
    other=$(where another)
    stop
    echo "one plays to $before; sent to \"$target\" to $moved; another program plays to $other"
    seen="$seen $before $moved $other"
done
[ "$seen" = " speakers phones speakers speakers phones phones" ] ||
    { echo "the behaviour has changed" >&2; exit 1; }
