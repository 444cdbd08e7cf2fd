#!/bin/sh
# Sets up a bare clone (Node 20, npm and git are enough), then runs a script on the pinned Node:
#   sh scripts/bootstrap.sh scripts/test.sh ARG…
# It installs only when the lock file has changed, and builds only after that, or when a source is newer than the last build.
set -eu
cd "$(dirname "$0")/.."

stamp=node_modules/.falc-installed
if ! cmp -s pnpm-lock.yaml "$stamp"; then
  echo "falc: installing packages" >&2
  sh scripts/pnpm.sh install --frozen-lockfile --reporter=silent >&2
  # The bundle has packages of the former lock file in it.
  rm -f node_modules/.falc-built
  cp pnpm-lock.yaml "$stamp"
fi
PATH=$PWD/node_modules/.bin:$PATH
export PATH
if [ ! -f packages/cli/dist/main.js ] || [ -n "$(find packages/*/src -newer node_modules/.falc-built -print -quit 2>/dev/null || echo new)" ]; then
  echo "falc: building" >&2
  tsc -b tsconfig.json
  node scripts/bundle.ts
  touch node_modules/.falc-built
fi
script=$1
shift
exec sh "$script" "$@"
