/* Level 3: address space, of the caller and of others. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"
#include "io.bpf.h"

EXIT_EVENT(mmap, SYSCALL_MMAP_X)
{
	PARAM(res, put_u64(e, ret));
	put_memory(e, current_task());
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(length, put_u64(e, argument(regs, 1)));
	PARAM(prot, put_u32(e, prot_flags(argument(regs, 2))));
	PARAM(flags, put_u32(e, mmap_flags(argument(regs, 3))));
	PARAM(fd, put_int(e, argument(regs, 4)));
	PARAM(offset, put_u64(e, argument(regs, 5)));
}

EXIT_EVENT(munmap, SYSCALL_MUNMAP_X)
{
	PARAM(res, put_u64(e, ret));
	put_memory(e, current_task());
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(length, put_u64(e, argument(regs, 1)));
}

EXIT_EVENT(brk, SYSCALL_BRK_4_X)
{
	PARAM(res, put_u64(e, ret));
	put_memory(e, current_task());
	PARAM(addr, put_u64(e, argument(regs, 0)));
}

EXIT_EVENT(mprotect, SYSCALL_MPROTECT_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(length, put_u64(e, argument(regs, 1)));
	PARAM(prot, put_u32(e, prot_flags(argument(regs, 2))));
}

EXIT_EVENT(mlock, SYSCALL_MLOCK_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(len, put_u64(e, argument(regs, 1)));
}

EXIT_EVENT(munlock, SYSCALL_MUNLOCK_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(len, put_u64(e, argument(regs, 1)));
}

EXIT_EVENT(mlock2, SYSCALL_MLOCK2_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(addr, put_u64(e, argument(regs, 0)));
	PARAM(len, put_u64(e, argument(regs, 1)));
	PARAM(flags, put_u32(e, argument(regs, 2) & 1));
}

EXIT_EVENT(mlockall, SYSCALL_MLOCKALL_X)
{
	PARAM(res, put_int(e, ret));
	PARAM(flags, put_u32(e, argument(regs, 0) & 7));
}

EXIT_EVENT(munlockall, SYSCALL_MUNLOCKALL_X) { PARAM(res, put_int(e, ret)); }

/* The data is that of the caller's own buffers. */
EXIT_EVENT(process_vm_readv, SYSCALL_PROCESS_VM_READV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(data, put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret));
}

EXIT_EVENT(process_vm_writev, SYSCALL_PROCESS_VM_WRITEV_X)
{
	PARAM(res, put_u64(e, ret));
	PARAM(pid, put_int(e, argument(regs, 0)));
	PARAM(data, put_iovec_data(e, argument(regs, 1), argument(regs, 2), ret));
}
