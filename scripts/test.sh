#!/bin/sh
# Everything that must hold: types (the build has checked those of the packages), format and lint, floors, exports, then the tests.
set -eu
tsc -p tsconfig.tests.json
biome check --error-on-warnings .
node scripts/floors.ts
node scripts/exports.ts
node --conditions=@falc/source scripts/generate.ts --check
exec vitest run "$@"
