#!/usr/bin/env bash
# How many instructions an iteration of the training loop takes, beside a stored figure: a guard that does not depend on the clock.
# Needs valgrind, and does nothing without. Fails if the two are more than 5 % apart, either way: a gain is to be stored as well.
set -euo pipefail
cd "$(dirname "$0")/.."

# Counted on an AMD EPYC under valgrind 3.19, which shows a program AVX2 and no wider vectors, with rustc 1.95.0 and default features.
stored=381000

if ! command -v valgrind >/dev/null; then
    echo 'valgrind is not installed: no instructions counted'
    exit 0
fi

bench=$(cargo bench --bench training --no-run --message-format=json |
    sed -n '/"name":"training"/s/.*"executable":"\([^"]*\)".*/\1/p')
test -x "$bench" || { echo "no executable of the bench: '$bench'" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The instructions of a run of so many iterations.
count() {
    ITERATIONS=$1 valgrind --tool=callgrind --callgrind-out-file="$scratch/callgrind.out" "$bench" 2>"$scratch/log" || {
        cat "$scratch/log" >&2
        return 1
    }
    sed -n 's/^summary: *\([0-9]*\).*/\1/p' "$scratch/callgrind.out"
}

# What is done once, before and after, is in both.
few=$(count 200)
many=$(count 1200)
counted=$(((many - few) / 1000))

echo "$counted instructions an iteration, $stored stored"
apart=$((counted - stored))
if ((${apart#-} * 100 > stored * 5)); then
    echo 'more than 5 % apart'
    exit 1
fi
