import {
  type CaptureVisitor,
  type FdEntry,
  FdKind,
  type GroupEntry,
  type InterfaceEntry,
  type MachineInfo,
  type ProcessEntry,
  type UserEntry,
} from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import { changeDirectory, changeRoot } from './directories.ts'
import { enterEventOf } from './enter.ts'
import { FD_CONNECTED, type Fd } from './fd.ts'
import * as files from './files.ts'
import * as identity from './identity.ts'
import { LOOKUP_CREATE, LOOKUP_FIND, LOOKUPS } from './lookup.ts'
import { Machine } from './machine.ts'
import * as meta from './meta.ts'
import * as process from './process.ts'
import * as sockets from './sockets.ts'
import { assignRoles, readFd, readProcess } from './tables.ts'
import type { Thread } from './thread.ts'

export type { StateOptions } from './machine.ts'

/** Bit of a block's flags: the event is for the tables only. */
const STATE_ONLY = 1

/**
 * The recorded machine as libsinsp would know it: threads, descriptors, users, containers. As a visitor it takes the initial
 * tables of a capture; `apply` takes each event before rules see it, updates the tables, and sets the event's thread, fd and fdNum.
 */
export class SyscallState extends Machine implements CaptureVisitor {
  /** Descriptors of the initial tables whose thread is not there. */
  orphanFds = 0

  /** Takes an event. False: rules are not to see it (it was recorded for the tables' sake, or only its exit counts). */
  apply(event: SyscallEvent): boolean {
    if (this.unsettled) this.settle()
    const type = event.type
    const lookup = LOOKUPS[type]!
    let thread: Thread | null = null
    if ((lookup & 3) === LOOKUP_CREATE) thread = this.threads.get(event.tid) ?? this.threadOf(event.tid)
    else if ((lookup & 3) === LOOKUP_FIND) thread = this.threads.get(event.tid)
    event.thread = thread
    const visible = (event.blockFlags & STATE_ONLY) === 0
    if (thread === null) {
      this.applyWithoutThread(event)
      return visible
    }
    const enter = thread.enter
    if (enter !== null) {
      thread.enter = null
      const matches = enter.type + 1 === type || (enter.type === 330 && type === 293)
      this.enter = matches ? enter : null
    } else if (this.enter !== null) this.enter = null
    if (lookup > 3) {
      const parameter = lookup >> 2
      const num = this.enter !== null && this.enter.fd >= 0 ? this.enter.fd : event.int64Number(parameter, -1)
      event.fdNum = num
      event.fd = thread.fds.get(num)
    }
    switch (type) {
      // Most events of a busy machine change nothing: reads and writes of files, stat, futex …
      case 7: // read
      case 113: // pread
      case 117: // readv
      case 121: // preadv
      case 9: // write
      case 115: // pwrite
      case 119: // writev
      case 123: // pwritev
        if (isUnconnected(event.fd)) sockets.receive(this, event, thread, -1)
        break
      case 307: // openat
      case 3: // open
      case 327: // openat2
      case 59: // creat
      case 337: // open_by_handle_at
        files.open(this, event, thread)
        break
      case 5: // close
        files.close(this, event, thread)
        break
      case 161: // mmap
      case 163: // mmap2
      case 165: // munmap
      case 159: // brk
        identity.memory(event, thread)
        break
      case 152: // switch
        identity.contextSwitch(event, thread)
        break
      case 33: // recv
        sockets.receive(this, event, thread, 4)
        break
      case 35: // recvfrom
        sockets.receive(this, event, thread, 2)
        break
      case 53: // recvmsg
        sockets.receive(this, event, thread, 3)
        break
      case 55: // recvmmsg
        if (event.has(0)) sockets.receive(this, event, thread, 4)
        break
      case 29: // send
      case 31: // sendto
      case 49: // sendmsg
        sockets.send(this, event, thread, 4)
        break
      case 51: // sendmmsg
        if (event.has(0)) sockets.send(this, event, thread, 4)
        break
      case 223: // clone
      case 225: // fork
      case 227: // vfork
      case 335: // clone3
        process.clone(this, event)
        break
      case 293: // execve
      case 331: // execveat
        process.execve(this, event, thread)
        break
      case 186: // procexit
        process.exit(this, event, thread)
        break
      case 363: // dup2
      case 365: // dup3
      case 367: // dup
        files.dup(event, thread)
        break
      case 151: // fcntl
        files.fcntl(event, thread)
        break
      case 61: // pipe
      case 393: // pipe2
        files.pipe(event, thread)
        break
      case 451: // close_range
        files.closeRange(event, thread)
        break
      case 19: // socket
        sockets.socket(event, thread)
        break
      case 43: // socketpair
        sockets.socketpair(event, thread)
        break
      case 21: // bind
        sockets.bind(event, thread)
        break
      case 23: // connect
        sockets.connect(this, event, thread)
        break
      case 247: // accept
      case 389: // accept4
        sockets.accept(event, thread)
        break
      case 63: // eventfd
        files.openKind(event, thread, FdKind.event, 0)
        break
      case 397: // eventfd2
        files.openKind(event, thread, FdKind.event, event.uint16(1))
        break
      case 127: // signalfd
        files.openKind(event, thread, FdKind.signalfd, 0)
        break
      case 399: // signalfd4
        files.openKind(event, thread, FdKind.signalfd, event.uint16(1))
        break
      case 137: // timerfd_create
        files.openKind(event, thread, FdKind.timerfd, 0)
        break
      case 139: // inotify_init
        files.openKind(event, thread, FdKind.inotify, 0)
        break
      case 395: // inotify_init1
        files.openKind(event, thread, FdKind.inotify, event.uint16(1))
        break
      case 369: // bpf
        files.openKind(event, thread, FdKind.bpf, 0)
        break
      case 321: // userfaultfd
        files.openKind(event, thread, FdKind.userfaultfd, event.uint32(1))
        break
      case 339: // io_uring_setup
        files.openKind(event, thread, FdKind.ioUring, 0)
        break
      case 375: // epoll_create
        files.openKind(event, thread, FdKind.eventpoll, 0)
        break
      case 377: // epoll_create1
        files.epoll(event, thread)
        break
      case 405: // memfd_create
        files.memfd(event, thread)
        break
      case 409: // pidfd_open
        files.pidfdOpen(event, thread)
        break
      case 407: // pidfd_getfd
        files.pidfdGetfd(this, event, thread)
        break
      case 95: // chdir
      case 93: // getcwd
        if (event.int64Number(0, -1) >= 0) changeDirectory(this, thread, event.text(1))
        break
      case 97: // fchdir
        if (event.int64Number(0, -1) >= 0 && event.fd !== null) changeDirectory(this, thread, event.fd.name)
        break
      case 267: // chroot
        changeRoot(event, thread)
        if (event.int64Number(0, -1) >= 0) process.resolveContainer(this, thread)
        break
      case 199: // setuid
        identity.setUser(this, event, thread, 1)
        break
      case 427: // setreuid
      case 193: // setresuid
        identity.setUser(this, event, thread, 2)
        break
      case 201: // setgid
        identity.setGroup(this, event, thread, 1)
        break
      case 429: // setregid
      case 195: // setresgid
        identity.setGroup(this, event, thread, 2)
        break
      case 275: // setsid
        identity.setSession(this, event, thread)
        break
      case 353: // capset
        identity.setCapabilities(event, thread)
        break
      case 285: // unshare
        identity.enterNamespace(event, thread, 1)
        break
      case 241: // setns
        identity.enterNamespace(event, thread, 2)
        break
      case 401: // prctl
        identity.processControl(event, thread)
        break
      case 141: // getrlimit
      case 143: // setrlimit
        identity.resourceLimit(this, event, thread)
        break
      case 145: // prlimit
        identity.processLimit(this, event, thread)
        break
      case 2: // enter events: of open
      case 22: // connect
      case 58: // creat
      case 292: // execve
      case 306: // openat
      case 326: // openat2
      case 330: // execveat
        thread.enter = enterEventOf(event)
        if (type === 22) {
          event.fdNum = event.int64Number(0, -1)
          event.fd = thread.fds.get(event.fdNum)
        }
        return false
      default:
        break
    }
    return visible
  }

  onSection(): void {
    this.clear()
  }

  onMachine(machine: MachineInfo): void {
    this.machine = machine
  }

  onProcess(entry: ProcessEntry): void {
    this.threads.add(readProcess(this, entry), false)
  }

  onFd(tid: number, entry: FdEntry): void {
    const thread = this.threads.get(tid)
    if (thread === null) this.orphanFds++
    else thread.fds.set(entry.fd, readFd(this, entry))
  }

  onInterfaces(interfaces: readonly InterfaceEntry[]): void {
    this.interfaces.replace(interfaces)
  }

  onUsers(users: readonly UserEntry[], groups: readonly GroupEntry[]): void {
    this.users.clear()
    for (const user of users) this.users.setUser('', user)
    for (const group of groups) this.users.setGroup('', group)
    this.threads.forgetAll()
  }

  /** All threads are there: groups, parents and the roles of connections follow. */
  onTablesEnd(): void {
    for (const thread of this.threads) this.threads.link(thread)
    assignRoles(this.threads)
    for (const thread of this.threads) {
      this.learnUser(thread.container, thread.uid, thread)
      this.learnGroup(thread.container, thread.gid, thread)
    }
  }

  private applyWithoutThread(event: SyscallEvent): void {
    this.enter = null
    switch (event.type) {
      case 223: // clone
      case 225: // fork
      case 227: // vfork
      case 335: // clone3
        process.clone(this, event)
        break
      case 354: // useradded
      case 356: // userdeleted
        meta.user(this, event)
        break
      case 358: // groupadded
      case 360: // groupdeleted
        meta.group(this, event)
        break
      case 324: // container
        meta.container(this, event)
        break
      case 402: // asyncevent
        meta.async(this, event)
        break
      default:
        break
    }
  }
}

/** An inet socket that no transfer has gone over yet. */
function isUnconnected(fd: Fd | null): boolean {
  return (
    fd !== null && (fd.flags & FD_CONNECTED) === 0 && (fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket)
  )
}
