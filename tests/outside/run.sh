#!/usr/bin/env bash
# Drives the real window from outside, as a person with a keyboard and a screen reader would: a virtual screen, a window
# manager, the accessibility bus.
#   run.sh PROGRAM CATALOG_FILE
set -euo pipefail
program=$1
catalog=$2
here=$(cd "$(dirname "$0")" && pwd)

scratch=$(mktemp -d)
screen=
manager=
cleanup() {
    [ -z "$manager" ] || kill "$manager" 2>/dev/null || true
    [ -z "$screen" ] || kill "$screen" 2>/dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT

export HOME=$scratch XDG_CONFIG_HOME=$scratch/config XDG_RUNTIME_DIR=$scratch/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME"
cp "$catalog" "$scratch/catalog.mzcat"

Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
screen=$!
for _ in $(seq 100); do
    [ -s "$scratch/display" ] && break
    sleep 0.1
done
export DISPLAY=:$(cat "$scratch/display")
unset WAYLAND_DISPLAY
openbox >/dev/null 2>&1 &
manager=$!

export QT_QPA_PLATFORM=xcb QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1 QT_ACCESSIBILITY=1 NO_AT_BRIDGE=0
dbus-run-session -- /usr/bin/python3 "$here/walk.py" "$program" "$scratch/catalog.mzcat"
