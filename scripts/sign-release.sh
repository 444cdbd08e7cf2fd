#!/bin/sh
# sign-release.sh FOLDER KEY: digests of a release's files, their signature by a key (PEM, EC P-256), the install script that trusts it, and
# NEWEST, which says for 90 days that this is the newest release.
# sign-release.sh --renew FOLDER KEY: NEWEST alone, for 90 more days.
# To make a key: openssl ecparam -name prime256v1 -genkey -noout -out KEY
set -eu
renew=
if [ "$1" = --renew ]; then
  renew=yes
  shift
fi
folder=$1
key=$2
newest() {
  version=$(sed -n 's/^[0-9a-f]*  falc_\([^_]*\)_[^_]*\.deb$/\1/p' SHA256SUMS | head -n 1)
  [ -n "$version" ] || { echo 'sign-release.sh: there is no deb, whose name has the version' >&2; exit 1; }
  printf 'version %s\nuntil %s\n' "$version" "$(date -u -d '90 days' +%Y%m%d)" >NEWEST
  openssl dgst -sha256 -sign "$key" -out NEWEST.sig NEWEST
}
case $key in /*) ;; *) key=$PWD/$key ;; esac
if [ -n "$renew" ]; then
  cd "$folder"
  newest
  exit
fi
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
public=$(openssl pkey -in "$key" -pubout)
sed '/^@RELEASE_KEY@$/{
r /dev/stdin
d
}' "$here/../deploy/install.sh" >"$folder/install.sh" <<END
$public
END
cd "$folder"
rm -f SHA256SUMS SHA256SUMS.sig NEWEST NEWEST.sig
sums=$(sha256sum -- *)
printf '%s\n' "$sums" >SHA256SUMS
openssl dgst -sha256 -sign "$key" -out SHA256SUMS.sig SHA256SUMS
newest
