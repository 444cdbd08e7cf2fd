#!/bin/sh
# The bill of materials: see scripts/sbom.ts.
exec node scripts/sbom.ts "$@"
