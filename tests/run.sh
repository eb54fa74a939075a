#!/usr/bin/env bash
# Installs what is needed and runs all tests. The last line counts them.
#
#   tests/run.sh                everything: the tests, the bad-input tests again under the sanitizers, and
#                               every fuzz target for a while
#   tests/run.sh fast           only the default loop (label "fast")
#
# INSPECTOR_FUZZ_SECONDS (default 30) is how long each fuzz target runs.
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/dependencies.sh tests

fixtures=${INSPECTOR_FIXTURES:-$PWD/../shared/fixtures}
if [ ! -d "$fixtures/shards" ]; then
    echo "The catalogs that the real system wrote are not at $fixtures: set INSPECTOR_FIXTURES to their folder." >&2
    exit 1
fi

cmake --preset dev -DINSPECTOR_FIXTURES="$fixtures" >/dev/null
cmake --build --preset dev
if [ "${1:-all}" = fast ]; then
    exec ctest --preset dev -L fast
fi

junit() { # FILE: "tests failures" of a ctest result
    sed -n 's/.*tests="\([0-9]*\)".*/\1/p; s/.*failures="\([0-9]*\)".*/\1/p' "$1" | head -2 | tr '\n' ' '
}

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
failed=0
ctest --preset dev -j "$(nproc)" --output-junit "$results/dev.xml" || failed=1

# What decodes foreign bytes, and what writes, is run once more under AddressSanitizer and UBSan, by the other compiler.
# The fuzz build serves both: it holds the same rooms with both sanitizers on. The long walks take fewer steps there.
sanitized=(
    tst_damaged_catalogs tst_damaged_state tst_shard_failures tst_decode tst_spine tst_parquet_damage tst_parquet_part
    tst_parquet_footer tst_parquet_page tst_inline_part tst_thrift_reader tst_compression tst_row_codec tst_json_text
    tst_typed_row tst_consolidate tst_catalog_file tst_writer_contract tst_state_encoder tst_difference tst_part_encoder
    tst_hostile_spine tst_shard_commands tst_shard_writer tst_table_rows tst_transaction tst_edit_plan tst_repair
    tst_savepoint tst_durable_catalog tst_scenarios_2_23 tst_against_a_map
)
fuzzers=()
for file in tests/fuzz/fuzz_*.cpp; do
    fuzzers+=("$(basename "$file" .cpp)")
done
cmake --preset fuzz -DINSPECTOR_FIXTURES="$fixtures" >/dev/null
cmake --build --preset fuzz --target "${sanitized[@]}" "${fuzzers[@]}"
INSPECTOR_STEPS=1000 ctest --test-dir build/fuzz -j "$(nproc)" --output-on-failure \
    -R "^($(IFS='|'; echo "${sanitized[*]}"))(\.|_old_era|_new_era|_between_the_eras|\$)" \
    --output-junit "$results/sanitized.xml" || failed=1

# The fuzz targets share the cores.
fuzz_passed=0
fuzz_failed=0
run_fuzzer() { # TARGET SECONDS
    local scratch="$results/$1"
    mkdir -p "$scratch/found"
    if build/fuzz/tests/fuzz/"$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="$scratch/" "$scratch/found" "tests/fuzz/corpus/$1" >"$scratch/log" 2>&1; then
        echo "ok   $1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log") runs"
    else
        echo "FAIL $1"
        tail -40 "$scratch/log"
        for artifact in "$scratch"/crash-* "$scratch"/timeout-* "$scratch"/oom-*; do
            [ -f "$artifact" ] && echo "input $(basename "$artifact"), base64: $(base64 -w0 "$artifact" | head -c 4000)"
        done
        touch "$scratch/failed"
    fi
}
export -f run_fuzzer
export results
seconds=${INSPECTOR_FUZZ_SECONDS:-30}
printf '%s\n' "${fuzzers[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_fuzzer {} '"$seconds"
for name in "${fuzzers[@]}"; do
    if [ -f "$results/$name/failed" ] || [ ! -f "$results/$name/log" ]; then
        fuzz_failed=$((fuzz_failed + 1))
    else
        fuzz_passed=$((fuzz_passed + 1))
    fi
done

total=0
bad=$fuzz_failed
for file in "$results/dev.xml" "$results/sanitized.xml"; do
    read -r count failures <<<"$(junit "$file")"
    total=$((total + count))
    bad=$((bad + failures))
done
echo "$((total + fuzz_passed + fuzz_failed - bad)) passed, $bad failed"
[ "$failed" -eq 0 ] && [ "$bad" -eq 0 ]
