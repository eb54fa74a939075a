#!/usr/bin/env bash
# Builds what packages are made from and measures it on the two large catalogs that the real system wrote: the command
# line against the figures of the real library and against what this machine can do at best, and the window.
set -euo pipefail
cd "$(dirname "$0")/../.."

packaging/dependencies.sh tests
cmake --preset release -DBUILD_TESTING=ON -DINSPECTOR_BENCH=ON -DINSPECTOR_FIXTURES="${INSPECTOR_FIXTURES:-$PWD/../shared/fixtures}" >/dev/null
cmake --build --preset release --target bench_dump bench_window bench_write catalog-inspector-cli
build/release/tests/bench/bench_dump
QT_QPA_PLATFORM=offscreen build/release/tests/bench/bench_window
build/release/tests/bench/bench_write
