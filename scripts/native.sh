#!/bin/sh
# Builds what live detection needs: the kernel probe, its sidecar, the addon. As root on Debian it first installs the compilers
# that are missing. Prints why and exits with 1 when this machine can't.
set -eu
cd "$(dirname "$0")/.."

packages='clang-19 llvm-19 bpftool libbpf-dev libelf-dev zlib1g-dev libzstd-dev make gcc libc6-dev'
[ "$(uname -s)" = Linux ] || { echo "live detection needs Linux"; exit 1; }
[ -r /sys/kernel/btf/vmlinux ] || { echo "live detection needs a kernel with BTF (/sys/kernel/btf/vmlinux)"; exit 1; }
missing=
for package in $packages; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$missing" >&2
  apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
    { echo "could not install$missing"; exit 1; }
elif [ -n "$missing" ] && ! { command -v clang && command -v bpftool && command -v make && command -v cc; } >/dev/null; then
  echo "live detection must be built with$missing"
  exit 1
fi
make -s -C packages/sources-syscall/native >&2
