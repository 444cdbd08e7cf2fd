#!/bin/bash
# An ordinary machine at work for some ten seconds of CPU: processes, files, a build, an archive, a server with clients.
# Nothing of it is an attack. Works below $1, on this machine only.
set -eu
work=$1
mkdir -p "$work"
cd "$work"

for _ in $(seq 1 300); do /bin/true; /bin/ls /usr/bin >/dev/null; done
find /usr/share /usr/lib -type f 2>/dev/null | head -n 15000 | xargs stat >/dev/null
tar cf docs.tar /usr/share/doc /etc 2>/dev/null || true
gzip -1 docs.tar && tar tzf docs.tar.gz >/dev/null
grep -r license /usr/share/doc >/dev/null 2>&1 || true
if command -v cc >/dev/null; then
  echo 'int main(void) { return 0; }' >main.c
  for _ in 1 2 3 4 5 6; do cc -O2 main.c -o main; done
fi
git init -q repo
for i in $(seq 1 20); do
  echo "$i" >"repo/file$i"
  git -C repo add .
  git -C repo -c user.email=bench@localhost -c user.name=bench commit -qm "$i"
done
node -e '
  const { createServer, get } = require("node:http")
  const server = createServer((_, answer) => answer.end("ok")).listen(0, "127.0.0.1", async () => {
    for (let i = 0; i < 500; i++)
      await new Promise(done => get(server.address(), answer => answer.resume().on("end", done)))
    server.close()
  })'
