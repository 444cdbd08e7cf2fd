/* Level 3: address space. */
#pragma once
#include "store.bpf.h"
#include "flags.bpf.h"
#include "task.bpf.h"

/* res vm_size vm_rss vm_swap addr length prot flags fd offset */
EXIT_EVENT(mmap, 9, SYSCALL_MMAP_X)
{
	put_u64(e, ret);
	put_memory(e, current_task());
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u32(e, prot_flags(argument(regs, 2)));
	put_u32(e, mmap_flags(argument(regs, 3)));
	put_int(e, argument(regs, 4));
	put_u64(e, argument(regs, 5));
}

/* res vm_size vm_rss vm_swap addr length */
EXIT_EVENT(munmap, 11, SYSCALL_MUNMAP_X)
{
	put_u64(e, ret);
	put_memory(e, current_task());
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
}

/* res vm_size vm_rss vm_swap addr */
EXIT_EVENT(brk, 12, SYSCALL_BRK_4_X)
{
	put_u64(e, ret);
	put_memory(e, current_task());
	put_u64(e, argument(regs, 0));
}

/* res addr length prot */
EXIT_EVENT(mprotect, 10, SYSCALL_MPROTECT_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u32(e, prot_flags(argument(regs, 2)));
}

/* res addr len */
EXIT_EVENT(mlock, 149, SYSCALL_MLOCK_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
}

EXIT_EVENT(munlock, 150, SYSCALL_MUNLOCK_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
}

EXIT_EVENT(mlock2, 325, SYSCALL_MLOCK2_X)
{
	put_int(e, ret);
	put_u64(e, argument(regs, 0));
	put_u64(e, argument(regs, 1));
	put_u32(e, argument(regs, 2) & 1);
}

EXIT_EVENT(mlockall, 151, SYSCALL_MLOCKALL_X)
{
	put_int(e, ret);
	put_u32(e, argument(regs, 0) & 7);
}

EXIT_EVENT(munlockall, 152, SYSCALL_MUNLOCKALL_X) { put_int(e, ret); }
