#!/bin/sh
# Tries many damaged inputs of one kind: see scripts/fuzz.ts.
exec node scripts/fuzz.ts "$@"
