#!/bin/sh
# Installs falc, or removes it: sudo sh install.sh [--format deb|rpm|tar] [--allow-older] [--uninstall]
# Takes the machine's kind of package, and checks signature and digest before anything of it is run. FALC_BASE is the folder of
# a release, http(s) or a mirror's. Everything is in functions: half a script does nothing.
set -eu

BASE=${FALC_BASE:-https://github.com/falc-engine/falc/releases/latest/download}
# For tarballs: another root.
ROOT=${DESTDIR:-}
LIST=/usr/lib/falc/installed-files

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

# The releases' public key. scripts/sign-release.sh puts it here.
release_key() {
	cat <<'KEY'
@RELEASE_KEY@
KEY
}

have() { command -v "$1" >/dev/null 2>&1; }

fetch() {
	if have curl; then
		curl -fsSL --proto-redir =https --retry 2 -o "$2" "$BASE/$1"
	elif have wget; then
		wget -q -O "$2" "$BASE/$1"
	else
		fail 'needs curl or wget'
	fi || fail "$BASE/$1 could not be downloaded"
}

format_of_machine() {
	if have dpkg; then
		echo deb
	elif have rpm; then
		echo rpm
	else
		echo tar
	fi
}

# A release keeps its signature for ever: whoever can answer in the server's place could offer one with known faults.
refuse_older() {
	manifest=$ROOT/usr/lib/falc/package.json
	[ "$older" = no ] && [ -e "$manifest" ] || return 0
	installed=$(sed -n 's/^ *"version": "\(.*\)",*$/\1/p' "$manifest")
	[ "$(printf '%s\n' "$1" "$installed" | sort -V | tail -n 1)" = "$installed" ] && [ "$1" != "$installed" ] || return 0
	fail "the release is $1, older than $installed, which is installed: nothing was installed; --allow-older takes it"
}

# By the signature of the releases' key.
check_signature() {
	fetch "$1" "$work/$1"
	fetch "$1.sig" "$work/$1.sig"
	openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/$1.sig" "$work/$1" >/dev/null 2>&1 ||
		fail "$1 is not signed by the key of the releases: nothing was installed"
}

# The first installation has nothing to compare with: a signed statement says which release is the newest, and for how long that holds.
refuse_outdated() {
	[ "$older" = no ] || return 0
	check_signature NEWEST
	newest=$(sed -n 's/^version //p' "$work/NEWEST")
	last=$(sed -n 's/^until //p' "$work/NEWEST")
	[ "$1" = "$newest" ] || fail "the release is $1, and the newest is $newest: nothing was installed; --allow-older takes it"
	[ "$(date -u +%Y%m%d)" -le "$last" ] ||
		fail "that $newest is the newest release was true until $last: nothing was installed; --allow-older takes it"
}

install() {
	case $(uname -s)-$(uname -m) in
	Linux-x86_64) debian=amd64 fedora=x86_64 node=x64 ;;
	Linux-aarch64) debian=arm64 fedora=aarch64 node=arm64 ;;
	*) fail "there is no package for $(uname -s) on $(uname -m)" ;;
	esac
	for tool in openssl sha256sum; do have "$tool" || fail "needs $tool, to check what it downloads"; done
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	release_key >"$work/key.pem"
	check_signature SHA256SUMS
	case $1 in
	deb) pattern="falc_[0-9A-Za-z.+~]*_$debian\.deb" ;;
	rpm) pattern="falc-[0-9A-Za-z.+~-]*\.$fedora\.rpm" ;;
	tar) pattern="falc-[0-9A-Za-z.+~-]*-linux-$node\.tar\.xz" ;;
	*) fail "--format is deb, rpm or tar, not $1" ;;
	esac
	file=$(sed -n "s/^[0-9a-f]\{64\}  \($pattern\)\$/\1/p" "$work/SHA256SUMS")
	[ "$(echo "$file" | wc -w)" = 1 ] || fail "the release has no $1"
	version=$(echo "$file" | sed 's/^falc[_-]\([^_-]*\).*/\1/')
	refuse_older "$version"
	refuse_outdated "$version"
	fetch "$file" "$work/$file"
	(cd "$work" && grep "  $file\$" SHA256SUMS | sha256sum -c - >/dev/null 2>&1) ||
		fail "$file is not what the release has: nothing was installed"
	chmod 755 "$work"
	apt='apt-get install -y'
	rpm='rpm -U'
	if [ "$older" = yes ]; then
		apt="$apt --allow-downgrades"
		rpm="$rpm --oldpackage"
	fi
	case $1 in
	deb) if have apt-get; then $apt "$work/$file"; else dpkg -i "$work/$file"; fi ;;
	rpm) if have dnf; then dnf install -y "$work/$file"; elif have yum; then yum install -y "$work/$file"; else $rpm "$work/$file"; fi ;;
	tar) install_tar "$work/$file" ;;
	esac
}

# Configuration that is there already is left alone. Files of the former release that this one lacks are removed: names in the
# bundle have digests.
install_tar() {
	tar -tf "$1" | grep -v '/$' >"$work/files"
	: >"$work/former"
	[ ! -e "$ROOT$LIST" ] || grep -vxFf "$work/files" "$ROOT$LIST" >"$work/former" || true
	tar -C "$ROOT/" --no-same-owner --exclude='./etc/*' -xf "$1"
	tar -C "$ROOT/" --no-same-owner --skip-old-files -xf "$1" ./etc
	while read -r path; do
		case $path in ./etc/*) echo "$path" >>"$work/files" ;; *) rm -f "$ROOT/$path" ;; esac
	done <"$work/former"
	first=no
	[ -e "$ROOT$LIST" ] || first=yes
	cat "$work/files" >"$ROOT$LIST"
	[ -z "$ROOT" ] || return 0
	systemd-sysusers falc.conf
	systemd-tmpfiles --create falc.conf || true
	systemctl daemon-reload
	[ "$first" = no ] || systemctl enable falc-probe falc
	start_services
}

# As the packages do: what the administrator has switched off stays off, and a configuration that this release refuses does not
# end the running engine.
start_services() {
	if ! systemctl --quiet is-active falc; then
		systemctl try-restart falc-probe || true
		failed=
		for unit in falc-probe falc; do
			! systemctl --quiet is-enabled "$unit" || systemctl start "$unit" || failed=$unit
		done
		[ -z "$failed" ] || fail "$failed could not be started: journalctl -u $failed"
	elif "$ROOT/usr/bin/falc" run -c /etc/falc/falco.yaml --dry-run >/dev/null; then
		"$ROOT/usr/lib/falc/restart"
	else
		echo 'install.sh: the running engine is still the former release: mend the configuration, then systemctl restart falc-probe falc' >&2
	fi
}

uninstall() {
	if [ -e "$ROOT$LIST" ]; then
		[ -n "$ROOT" ] || systemctl disable --now falc falc-probe || true
		sort -r "$ROOT$LIST" | while read -r path; do
			rm -f "$ROOT/$path"
			rmdir -p --ignore-fail-on-non-empty "$ROOT/$(dirname "$path")" 2>/dev/null || true
		done
		rm -rf "$ROOT$LIST" "$ROOT/etc/falc" "$ROOT/var/log/falc" "$ROOT/var/lib/falc" "$ROOT/var/cache/falc"
		rmdir "$ROOT/usr/lib/falc" 2>/dev/null || true
	elif [ -z "$ROOT" ] && have dpkg && dpkg -s falc >/dev/null 2>&1; then
		if have apt-get; then apt-get purge -y falc; else dpkg --purge falc; fi
	elif [ -z "$ROOT" ] && have rpm && rpm -q falc >/dev/null 2>&1; then
		rpm -e falc
	else
		fail 'falc is not installed'
	fi
}

main() {
	format=
	action=install
	older=no
	while [ $# -gt 0 ]; do
		case $1 in
		--format)
			format=${2:?--format needs a value}
			shift
			;;
		--allow-older) older=yes ;;
		--uninstall) action=uninstall ;;
		*) fail "unknown argument $1" ;;
		esac
		shift
	done
	[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail 'needs root'
	case $action in
	install) install "${format:-$(format_of_machine)}" ;;
	uninstall) uninstall ;;
	esac
}

main "$@"
