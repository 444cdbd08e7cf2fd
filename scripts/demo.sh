#!/bin/sh
# Shows what falc does, with the captures and rules of the repository. `npm run demo` runs it after installing and building
# what is missing. Alerts go to standard output and falc's log to standard error; here both go to the terminal.
set -eu

title() {
  printf '\n== %s\n' "$1"
  shift
  printf '   %s\n' "$@"
  echo
}

title 'Kubernetes audit log' \
  'About 200 requests to an API server: an intruder uses the stolen token of a CI job, and others break the rules, too.' \
  'Each line is an alert: time, priority, what happened | who did it, to what, from where.'
./falc run -r rules/k8s_audit.yaml --k8s-audit examples/captures/k8s-audit.jsonl

title 'Replay of a recorded attack' \
  'The system calls of a host on which an intruder reads password hashes, exploits a web server, runs a program from' \
  'memory and plants files to come back. falc reconstructs processes and files and evaluates the rules as it does live.'
./falc run -r rules/syscall.yaml -e examples/captures/host-a.scap

title 'Why' \
  'falc explains why a rule did or did not match: each check, its value, and where it comes from.'
./falc explain -r rules/syscall.yaml --rule 'Program Run From Memory' --event examples/captures/host-a.scap --num 2434

if [ "$(id -u)" = 0 ] && why=$(sh scripts/native.sh); then
  title 'Live' \
    'The system calls of this machine for six seconds, through the kernel probe. Meanwhile this script reads /etc/shadow,' \
    'which only login programs should do.'
  ./falc run -r rules/syscall.yaml -M 6 &
  sleep 3
  cat /etc/shadow >/dev/null
  wait
else
  title 'Live' \
    "Not on this machine: ${why:-live detection needs root (sudo npm run demo)}." \
    'The replay above shows what it looks like: live and recorded events take the same path.'
fi

title 'Next' \
  './falc run -r rules/ -e CAPTURE.scap            your own capture, from Falco, sysdig or Stratoshark' \
  "./falc print -e examples/captures/host-a.scap --filter 'evt.type = execve' -p '%evt.time %proc.pname > %proc.cmdline'" \
  './falc help                                     all commands; rules/README.md explains how to write and test rules'
