#!/bin/sh
# boot-systemd.sh WORK TARGET [ROOT]: boots systemd into TARGET, in namespaces of its own, on the files of ROOT (this machine's)
# with those of WORK/files laid over them; nothing that it writes reaches the machine. As root. Ends with systemd.
set -eu
work=$1
target=$2
lower=${3:-/}
mkdir -p "$work/files" "$work/overlay" "$work/root"
exec unshare --mount --net --pid --fork --cgroup --uts --ipc --kill-child -- sh -euc '
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$0/files,workdir=$0/overlay" "$0/root"
  cd "$0/root"
  mount -t proc proc proc
  mount --rbind /sys sys
  umount -R sys/fs/cgroup
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs tmpfs dev
  for name in null zero full random urandom tty; do
    touch "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
  done
  mkdir dev/pts dev/shm
  mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
  ln -s pts/ptmx dev/ptmx
  mount -t tmpfs tmpfs run
  mount -t tmpfs tmpfs tmp
  exec env -i container=falc PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --system "--unit=$1" --log-target=console --show-status=0
' "$work" "$target" "$lower"
