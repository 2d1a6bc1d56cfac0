#!/usr/bin/env bash
# One would expect: `pw-dump --monitor` prints what there is, and then each object that changes with all
# that belongs to it, as it does with nodes and ports.
# What happens: a change of metadata is printed with the changed entry alone, and one that is deleted as
# an empty list, or not at all: whoever follows it does not hear which, nor that it is gone.
# Why it matters: the metadata says where streams were sent. Who puts together what --monitor tells
# believes in entries that are long gone, and who replaces it by the newest list loses the others.
# Needs Linux and PipeWire 0.3.65 (Debian 12: pipewire-bin), Python 3; no session of a desktop.
set -euo pipefail

seen_soon() {  # COMMAND...: within ten seconds
    for _ in {1..100}; do eval "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "not seen within ten seconds: $*" >&2
    exit 1
}

folder=$(mktemp -d)
export XDG_RUNTIME_DIR=$folder PIPEWIRE_RUNTIME_DIR=$folder
cat >"$folder/pipewire.conf" <<'CONF'
context.properties = { core.daemon = true core.name = pipewire-0 }
context.spa-libs = { support.* = support/libspa-support }
context.modules = [
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-access }
]
context.objects = [ { factory = metadata args = { metadata.name = default } } ]
CONF
PIPEWIRE_CONFIG_DIR=$folder pipewire >"$folder/log" 2>&1 &
server=$!
trap 'kill $watcher $server 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
seen_soon 'pw-metadata | grep -q .'

pw-dump --version | sed -n 2p
pw-dump --monitor >"$folder/told" &
watcher=$!
sleep 1
for key in first second; do
    pw-metadata 0 "$key" 1 >/dev/null
    seen_soon grep -q "$key" "$folder/told"
    sleep 0.5
done
pw-metadata -d 0 first >/dev/null
sleep 1
echo "what there is: $(pw-metadata | grep -o "key:'[a-z]*'" | tr '\n' ' ')"

python3 - "$folder/told" <<'PY'
import json
import sys

text, told = open(sys.argv[1]).read().lstrip(), []
while text:
    things, end = json.JSONDecoder().raw_decode(text)
    text = text[end:].lstrip()
    for thing in things:
        if thing.get("props", {}).get("metadata.name") == "default":
            told.append([entry["key"] for entry in thing["metadata"]])
print("what --monitor told of it:", *told)
as_seen = told[:2] == [["first"], ["second"]] and not any(told[2:])
sys.exit(None if as_seen else "the behaviour has changed")
PY
