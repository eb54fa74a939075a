#!/usr/bin/env bash
# Installs what is needed, builds, and opens the window. Without arguments it opens the demo catalog; arguments go to
# the program: a catalog file, --consensus URL --blob URL, --screenshot FILE, --help.
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/dependencies.sh
cmake --preset release -DBUILD_TESTING=OFF -DINSPECTOR_BENCH=OFF >/dev/null
cmake --build --preset release --target catalog-inspector catalog-inspector-cli

arguments=("$@")
[ $# -gt 0 ] || arguments=(--demo)
[[ " ${arguments[*]} " == *" --screenshot "* ]] && [ ${#arguments[@]} -eq 2 ] && arguments+=(--demo)

if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ -z "${QT_QPA_PLATFORM:-}" ]; then
    if [[ " ${arguments[*]} " =~ " --screenshot "|" --help "|" --version " ]]; then
        export QT_QPA_PLATFORM=offscreen
    else
        echo "There is no display here. '$0 --screenshot FILE' draws the window on the demo catalog into a PNG file;" >&2
        echo "the command line needs none: build/release/app/cli/catalog-inspector-cli --help" >&2
        exit 2
    fi
fi
exec build/release/app/gui/catalog-inspector "${arguments[@]}"
