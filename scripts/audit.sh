#!/bin/sh
# Known vulnerabilities of the packages: see scripts/audit.ts.
exec node scripts/audit.ts "$@"
