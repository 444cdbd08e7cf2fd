#!/bin/sh
# sysroot.sh ARCH FOLDER: what `make ARCH=…` in packages/sources-syscall/native needs to build for a machine of another kind
# (arm64, or x64): Debian's libraries of that architecture, and the types of its kernel in FOLDER/btf. Installs nothing;
# packages come by apt-get, which asks the same mirrors as the machine does. With --kernel its kernel stays as FOLDER/vmlinuz.
set -eu
kernel=
[ "${3-}" = --kernel ] && kernel=yes
case ${1-} in
  arm64) arch=arm64 flavour=arm64 ;;
  x64) arch=amd64 flavour=cloud-amd64 ;;
  *) echo 'usage: sysroot.sh arm64|x64 FOLDER [--kernel]' >&2; exit 2 ;;
esac
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
(cd debs && apt download libbpf-dev libelf-dev zlib1g-dev libzstd-dev libc6-dev libc6 linux-libc-dev libgcc-14-dev libgcc-s1 libstdc++6 \
  busybox-static "$image")
for deb in debs/*.deb; do
  case $deb in
    debs/linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -xf - --wildcards -C . './boot/vmlinuz-*' ;;
    *) dpkg-deb -x "$deb" root ;;
  esac
done
for name in lib lib64; do [ -e "root/$name" ] || ln -s "usr/$name" "root/$name"; done

# The kernel is compressed behind a stub; the BTF section begins with its magic number, version 1, and the header's size.
python3 - boot/vmlinuz-* btf <<'EOF'
import gzip, lzma, re, struct, subprocess, sys, zlib

image = open(sys.argv[1], 'rb').read()

def unpacked():
    yield image
    for magic, unpack in [
        (b'\x1f\x8b\x08', lambda data: zlib.decompressobj(31).decompress(data)),
        (b'\xfd7zXZ\0', lambda data: lzma.LZMADecompressor().decompress(data)),
        (b'\x28\xb5\x2f\xfd', lambda data: subprocess.run(['zstd', '-dcqf'], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout),
    ]:
        for found in re.finditer(re.escape(magic), image):
            try:
                yield unpack(image[found.start():])
            except Exception:
                pass

for data in unpacked():
    for found in re.finditer(b'\x9f\xeb\x01\x00\x18\x00\x00\x00', data):
        types, types_length, texts, texts_length = struct.unpack_from('<4I', data, found.start() + 8)
        if types == 0 and texts == types_length and texts_length > 100000:
            open(sys.argv[2], 'wb').write(data[found.start():found.start() + 24 + texts + texts_length])
            sys.exit()
sys.exit('no BTF in ' + sys.argv[1])
EOF
[ -z "$kernel" ] || mv boot/vmlinuz-* vmlinuz
rm -rf boot debs apt
