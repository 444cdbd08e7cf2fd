#!/bin/sh
# Benchmarks on the built packages. Arguments: names of benchmarks (bench/src/main.ts).
set -eu
exec node bench/src/main.ts "$@"
