#!/bin/sh
# sign-release.sh FOLDER KEY: digests of a release's files, their signature by a key (PEM, EC P-256), and the install script that trusts it.
# To make a key: openssl ecparam -name prime256v1 -genkey -noout -out KEY
set -eu
folder=$1
key=$2
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
public=$(openssl pkey -in "$key" -pubout)
sed '/^@RELEASE_KEY@$/{
r /dev/stdin
d
}' "$here/../deploy/install.sh" >"$folder/install.sh" <<END
$public
END
cd "$folder"
rm -f SHA256SUMS SHA256SUMS.sig
sums=$(sha256sum -- *)
printf '%s\n' "$sums" >SHA256SUMS
openssl dgst -sha256 -sign "$key" -out SHA256SUMS.sig SHA256SUMS
