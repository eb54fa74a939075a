#!/usr/bin/env bash
# Installs what this project needs from Debian 12's packages: what is needed to build and run, and with the word
# "tests" also what the tests, the fuzzers and the benchmarks need. Does nothing when all of it is there already.
set -euo pipefail

build=(
    g++ cmake ninja-build ccache lld pkg-config
    qt6-base-dev qt6-svg-dev libgl-dev
    libpq-dev libsqlite3-dev libssl-dev libprotobuf-dev protobuf-compiler
    libsimdjson-dev nlohmann-json3-dev libexpected-dev
    libzstd-dev libsnappy-dev liblz4-dev zlib1g-dev libbrotli-dev
    fontconfig fonts-dejavu-core
)
tests=(
    postgresql sqlite3 xz-utils gzip
    clang-16 libclang-rt-16-dev
    xvfb openbox xauth xdotool dbus dbus-x11 at-spi2-core python3-pyatspi
)

wanted=("${build[@]}")
[ "${1:-}" = tests ] && wanted+=("${tests[@]}")

missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "These Debian 12 packages are missing and there is no apt-get here: ${missing[*]}" >&2
    exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "Installing from Debian: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >&2
# The tests start a PostgreSQL of their own, in a folder of their own, whatever the package starts.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
