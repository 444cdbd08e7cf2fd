#!/bin/sh
# Builds what live detection needs: the kernel probe, its sidecar, the addon. As root on Debian it first installs the compilers
# that are missing. Prints why and exits with 1 when this machine can't.
#   native.sh          for this machine
#   native.sh arm64    (or x64) for another: libraries and kernel types come from Debian's packages of that architecture, into
#                      a folder beside what is built (scripts/sysroot.sh)
set -eu
cd "$(dirname "$0")/.."
native=packages/sources-syscall/native
arch=${1-}
[ "$arch" != "$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" ] || arch=

packages='clang-19 llvm-19 bpftool libbpf-dev libelf-dev zlib1g-dev libzstd-dev make gcc libc6-dev'
case $arch in
  '') ;;
  arm64) packages="$packages gcc-aarch64-linux-gnu zstd xz-utils" ;;
  x64) packages="$packages gcc-x86-64-linux-gnu zstd xz-utils" ;;
  *) echo "there is no build for $arch: arm64 or x64"; exit 1 ;;
esac
[ "$(uname -s)" = Linux ] || { echo "live detection needs Linux"; exit 1; }
[ -n "$arch" ] || [ -r /sys/kernel/btf/vmlinux ] || { echo "live detection needs a kernel with BTF (/sys/kernel/btf/vmlinux)"; exit 1; }
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
if [ -z "$arch" ]; then
  make -s -C $native >&2
else
  sysroot=$PWD/$native/.output/sysroot-$arch
  [ -e "$sysroot/btf" ] || sh scripts/sysroot.sh "$arch" "$sysroot" >&2
  make -s -C $native "ARCH=$arch" "SYSROOT=$sysroot/root" "BTF=$sysroot/btf" >&2
fi
