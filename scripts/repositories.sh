#!/bin/sh
# repositories.sh RELEASE OUT KEY ADDRESS: adds a release's packages to the signed apt and rpm repositories in OUT, which ADDRESS will serve.
# KEY is one of gpg's secret keys. RSA of 3072 bits or more is what all supported distributions know; to make one:
#   gpg --quick-gen-key 'Falc releases' rsa4096 sign 5y
set -eu
release=$1
out=$2
key=$3
address=${4%/}

# rpmsign warns without.
GPG_TTY=${GPG_TTY:-$(tty || true)}
export GPG_TTY
mkdir -p "$out/apt/pool" "$out/rpm"
gpg --armor --export "$key" >"$out/falc.asc"
[ -s "$out/falc.asc" ] || {
	echo "repositories.sh: gpg has no key $key" >&2
	exit 1
}

# What is published keeps its bytes: an rpm that is there already is not signed again.
for file in "$release"/*.deb; do [ ! -e "$file" ] || cp -n "$file" "$out/apt/pool/"; done
for file in "$release"/*.rpm; do
	[ -e "$file" ] && [ ! -e "$out/rpm/${file##*/}" ] || continue
	# Under its name once it is signed: what is there is not looked at again.
	cp "$file" "$out/rpm/.unsigned"
	rpmsign --addsign --define "_gpg_name $key" "$out/rpm/.unsigned" >/dev/null
	mv "$out/rpm/.unsigned" "$out/rpm/${file##*/}"
done

cat >"$out/falc.sources" <<END
Types: deb
URIs: $address/apt
Suites: stable
Components: main
Signed-By: /etc/apt/keyrings/falc.asc
END
cat >"$out/falc.repo" <<END
[falc]
name=Falc
baseurl=$address/rpm
gpgkey=$address/falc.asc
gpgcheck=1
repo_gpgcheck=1
enabled=1
END

(
	cd "$out/apt"
	for arch in amd64 arm64; do
		folder=dists/stable/main/binary-$arch
		mkdir -p "$folder"
		apt-ftparchive --arch "$arch" packages pool >"$folder/Packages"
		gzip -9nkf "$folder/Packages"
	done
	rm -f dists/stable/InRelease
	set -- Origin=Falc Label=Falc Suite=stable Codename=stable Components=main 'Architectures=amd64 arm64'
	for field; do
		shift
		set -- "$@" -o "APT::FTPArchive::Release::$field"
	done
	apt-ftparchive "$@" release dists/stable >dists/.release
	gpg --batch --yes --local-user "$key" --clearsign --output dists/stable/InRelease dists/.release
	rm dists/.release
)

# gzip: dnf of RHEL 8 reads nothing newer.
createrepo_c --quiet --update --no-database --general-compress-type=gz "$out/rpm"
gpg --batch --yes --local-user "$key" --armor --detach-sign "$out/rpm/repodata/repomd.xml"
