#!/bin/bash
# As many system calls as two cores give: bytes copied one by one, short processes, a walk through /usr, compilations; two of each
# at a time. Works below $1, on this machine only.
set -u
work=$1
mkdir -p "$work"

storm() {
  local own=$work/$1
  mkdir -p "$own"
  dd if=/dev/zero of=/dev/null bs=1 count=1500000 2>/dev/null
  for _ in $(seq 1 1500); do /bin/true; done
  find /usr -type f >/dev/null 2>&1
  find /usr -type f -print0 2>/dev/null | head -zn 20000 | xargs -0 cat 2>/dev/null | head -c 50000000 >/dev/null
  echo 'int main(void) { return 0; }' >"$own/main.c"
  if command -v cc >/dev/null; then for _ in 1 2 3 4 5 6 7 8; do cc -O2 "$own/main.c" -o "$own/main"; done; fi
}

storm one &
storm two &
wait
rm -rf "$work"
