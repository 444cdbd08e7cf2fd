/** Writes entries of process and descriptor lists in their current versions; the readers are in `processes.ts` and `descriptors.ts`. */

import { FdKind } from '../model/fd.ts'
import { TextLimit } from './block.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { FdEntry, ProcessEntry } from './visitor.ts'

export function writeProcess(out: ByteWriter, process: ProcessEntry): void {
  const length = out.reserveLength()
  out.i64(process.tid)
  out.i64(process.pid)
  out.i64(process.ptid)
  out.i64(process.sid)
  out.i64(process.vpgid)
  out.text(process.comm, TextLimit.process)
  out.text(process.exe, TextLimit.process)
  out.text(process.exepath, TextLimit.process)
  out.texts(process.args, TextLimit.list)
  out.text(process.cwd, TextLimit.process)
  out.i64(process.fdlimit)
  out.u32(process.flags)
  out.u32(process.uid)
  out.u32(process.gid)
  out.u32(process.vmSize)
  out.u32(process.vmRss)
  out.u32(process.vmSwap)
  out.u64(process.pfMajor)
  out.u64(process.pfMinor)
  out.texts(process.env, TextLimit.list)
  out.i64(process.vtid)
  out.i64(process.vpid)
  out.texts(process.cgroups, TextLimit.list)
  out.text(process.root, TextLimit.process)
  out.u64(process.pidnsInitStartTs)
  out.u32(process.tty)
  out.u32(process.loginuid)
  out.u8(Number(process.exeWritable))
  out.u64(process.capInheritable)
  out.u64(process.capPermitted)
  out.u64(process.capEffective)
  out.u8(Number(process.exeUpperLayer))
  out.u64(process.exeIno)
  out.u64(process.exeCtime)
  out.u64(process.exeMtime)
  out.u8(Number(process.exeFromMemfd))
  out.u8(Number(process.exeLowerLayer))
  out.i64(process.pgid)
  out.setLength(length, out.length - length)
}

export function writeFd(out: ByteWriter, fd: FdEntry): void {
  const length = out.reserveLength()
  out.i64(fd.fd)
  out.u64(fd.ino)
  out.u8(fd.type)
  switch (fd.type) {
    case FdKind.ipv4Socket:
    case FdKind.ipv6Socket: {
      const size = fd.type === FdKind.ipv4Socket ? 4 : 16
      writeAddress(out, fd.sip, size)
      writeAddress(out, fd.dip, size)
      out.u16(fd.sport)
      out.u16(fd.dport)
      out.u8(fd.l4proto)
      break
    }
    case FdKind.ipv4Server:
    case FdKind.ipv6Server:
      writeAddress(out, fd.sip, fd.type === FdKind.ipv4Server ? 4 : 16)
      out.u16(fd.sport)
      out.u8(fd.l4proto)
      break
    case FdKind.unixSocket:
      out.u64(fd.unixSource)
      out.u64(fd.unixPeer)
      out.text(fd.name, TextLimit.fd)
      break
    case FdKind.fileV2:
      out.u32(fd.openFlags)
      out.text(fd.name, TextLimit.fd)
      out.u32(fd.dev)
      break
    case FdKind.unknown:
      break
    default:
      out.text(fd.name, TextLimit.fd)
  }
  out.setLength(length, out.length - length)
}

function writeAddress(out: ByteWriter, address: Uint8Array | null, size: number): void {
  if (address?.length === size) out.bytes(address)
  else out.zeros(size)
}
