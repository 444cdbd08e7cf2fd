#!/bin/sh
# sysroot.sh ARCH FOLDER: what `make ARCH=…` in packages/sources-syscall/native needs to build for a machine of another kind
# (arm64, or x64): Debian's libraries of that architecture, and the types of its kernel in FOLDER/btf. Installs nothing;
# packages come by apt-get, from the mirrors that this machine uses. With --kernel the kernel stays as FOLDER/vmlinuz.
set -eu
kernel=
[ "${3-}" = --kernel ] && kernel=yes
case ${1-} in
  arm64) arch=arm64 flavour=arm64 ;;
  x64) arch=amd64 flavour=cloud-amd64 ;;
  *) echo 'usage: sysroot.sh arm64|x64 FOLDER [--kernel]' >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
PATH=$here/../node_modules/.bin:$PATH
mkdir -p "$2/apt/lists/partial" "$2/apt/cache/archives/partial" "$2/root" "$2/debs"
cd "$2"
folder=$PWD

apt() {
  apt-get -q=2 -o APT::Architecture=$arch -o APT::Architectures::=$arch -o "Dir::State::Lists=$folder/apt/lists" \
    -o "Dir::Cache=$folder/apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

apt update
image=$(apt-cache -o APT::Architecture=$arch -o "Dir::State::Lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" \
  depends "linux-image-$flavour" | sed -n 's/.*Depends: \(linux-image-[0-9]\S*\).*/\1/p' | head -n 1)
(cd debs && apt download libbpf-dev libelf-dev zlib1g-dev libzstd-dev libc6-dev libc6 linux-libc-dev libgcc-14-dev gcc-14-base libgcc-s1 libstdc++6 \
  busybox-static "$image")
for deb in debs/*.deb; do
  case $deb in
    debs/linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -xf - --wildcards -C . './boot/vmlinuz-*' ;;
    *) dpkg-deb -x "$deb" root ;;
  esac
done
for name in lib lib64; do [ -e "root/$name" ] || ln -s "usr/$name" "root/$name"; done

node "$here/kernel-btf.ts" boot/vmlinuz-* btf
[ -z "$kernel" ] || mv boot/vmlinuz-* vmlinuz
rm -rf boot debs apt
