#!/bin/sh
# Shows what falc does, on what comes with it. Run it by `npm run demo`: that installs and builds what is missing.
# Alerts go to standard output, what falc says about itself to standard error; here both go to the terminal.
set -eu

title() {
  printf '\n== %s\n' "$1"
  shift
  printf '   %s\n' "$@"
  echo
}

title 'Kubernetes audit log' \
  'The log of an API server, some 200 requests: an intruder has come by the token of a CI job, and others do what they' \
  'should not. Each line is an alert: time, priority, what happened | who did it, to what, from where.'
./falc run -r rules/k8s_audit.yaml --k8s-audit examples/captures/k8s-audit.jsonl

title 'Replay of a recorded attack' \
  'The system calls of a host on which somebody reads password hashes, misuses a web server, runs programs from memory' \
  'and leaves things behind. falc rebuilds processes and files from them and runs the same rules as it would live.'
./falc run -r rules/syscall.yaml -e examples/captures/host-a.scap

title 'Why' \
  'falc explains every alert, and every one that did not come: each check, its value, and where it was written.'
./falc explain -r rules/syscall.yaml --rule 'Program Run From Memory' --event examples/captures/host-a.scap --num 2434

if [ "$(id -u)" = 0 ] && why=$(sh scripts/native.sh); then
  title 'Live' \
    'The system calls of this machine, for six seconds, through a probe in the kernel. In their midst this script reads' \
    '/etc/shadow, which nobody but login programs should do.'
  ./falc run -r rules/syscall.yaml -M 6 &
  sleep 3
  cat /etc/shadow >/dev/null
  wait
else
  title 'Live' \
    "Not on this machine: ${why:-it takes root (sudo npm run demo)}." \
    'The replay above showed what it would look like: live and recorded events go the same way.'
fi

title 'Next' \
  './falc run -r rules/ -e CAPTURE.scap            another recording, by Falco, sysdig or Stratoshark' \
  "./falc print -e examples/captures/host-a.scap --filter 'evt.type = execve' -p '%evt.time %proc.pname > %proc.cmdline'" \
  './falc help                                     all commands; rules/README.md: how to write and test rules'
