#!/bin/sh
# Runs the pinned pnpm: npm installs it by scripts/pnpm/package-lock.json, and refuses a package whose digest is another one.
set -eu
own=$(cd "$(dirname "$0")/pnpm" && pwd)
if ! cmp -s "$own/package-lock.json" "$own/node_modules/.falc-installed"; then
  npm install --prefix "$own" --no-save --silent --no-audit --no-fund >&2
  cp "$own/package-lock.json" "$own/node_modules/.falc-installed"
fi
exec "$own/node_modules/.bin/pnpm" "$@"
