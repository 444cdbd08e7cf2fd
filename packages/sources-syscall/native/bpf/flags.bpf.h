/*
 * Level 1: kernel values → the portable values of the event table (src/events/flags.ts). What is equal on both sides
 * is not listed here. Kernel values: include/uapi/asm-generic/fcntl.h, uapi/linux/sched.h, uapi/linux/mman.h and kin.
 */
#pragma once
#include "base.bpf.h"

#define MAP(from, to) ((flags & (from)) ? (to) : 0)

/*
 * open(2) flags → file_flags. O_SYNC contains O_DSYNC, and O_TMPFILE contains O_DIRECTORY: as in Falco, one bit of them is enough, so
 * that a directory is opened with O_DIRECTORY and O_TMPFILE. A global function: see task.bpf.h.
 */
__noinline __u32 open_flags(__u64 flags)
{
	__u32 r;
	switch (flags & 3) {
	case 1: r = 2; break;          /* O_WRONLY */
	case 2: r = 3; break;          /* O_RDWR */
	default: r = 1; break;         /* O_RDONLY */
	}
	r |= MAP(00000100, 4) | MAP(00002000, 8) | MAP(00000200, 32) | MAP(00001000, 256) | MAP(00004000, 64);
	r |= MAP(00010000, 16) | MAP(04010000, 128);                /* O_DSYNC, O_SYNC */
#if defined(__TARGET_ARCH_arm64)
	r |= MAP(0200000, 512) | MAP(040000, 1024) | MAP(0400000, 2048) | MAP(020040000, 8192);
#else
	r |= MAP(040000, 512) | MAP(0200000, 1024) | MAP(0100000, 2048) | MAP(020200000, 8192); /* the last: O_TMPFILE */
#endif
	r |= MAP(02000000, 4096);                                   /* O_CLOEXEC */
	return r;
}

#if defined(__TARGET_ARCH_arm64)
#define OPEN_CREATES(flags) ((flags) & (00000100 | 020040000))
#else
#define OPEN_CREATES(flags) ((flags) & (00000100 | 020200000))
#endif

/* Permission bits of an open that may create; 0 otherwise. */
static __always_inline __u32 open_mode(unsigned long flags, unsigned long mode)
{
	return OPEN_CREATES(flags) ? mode & 07777 : 0;
}

/* The portable flags without O_TMPFILE where that stands for O_DIRECTORY alone, and no mode lets it seem that a program is created. */
static __always_inline __u32 flags_that_make(__u32 portable, unsigned long flags, unsigned long mode)
{
	return flags & 020000000 || open_mode(flags, mode) & 0111 ? portable : portable & ~8192;
}

/* clone(2) flags → clone_flags. */
static __always_inline __u32 clone_flags(unsigned long flags)
{
	return MAP(0x400, 1) | MAP(0x200, 2) | MAP(0x80000000, 4) | MAP(0x08000000, 8) | MAP(0x40000000, 0x10) |
	       MAP(0x20000, 0x20) | MAP(0x20000000, 0x40) | MAP(0x04000000, 0x80) | MAP(0x8000, 0x100) |
	       MAP(0x100000, 0x200) | MAP(0x2000, 0x400) | MAP(0x800, 0x800) | MAP(0x40000, 0x1000) |
	       MAP(0x10000, 0x2000) | MAP(0x800000, 0x4000) | MAP(0x100, 0x8000) | MAP(0x10000000, 0x100000) |
	       MAP(0x200000, 0x800000) | MAP(0x1000000, 0x1000000) | MAP(0x80000, 0x2000000) | MAP(0x4000, 0x8000000) |
	       MAP(0x02000000, 0x10000000);
}

#define CLONE_CHILD_IN_PIDNS 0x20000000

/* mmap(2) protection → prot_flags. */
static __always_inline __u32 prot_flags(unsigned long flags)
{
	return (flags & 0xf) | MAP(0x01000000, 16) | MAP(0x02000000, 32);
}

/* mmap(2) flags → mmap_flags. */
static __always_inline __u32 mmap_flags(unsigned long flags)
{
	return MAP(0x01, 1) | MAP(0x02, 2) | MAP(0x10, 4) | MAP(0x20, 8) | MAP(0x40, 16) | MAP(0x4000, 64) |
	       MAP(0x8000, 128) | MAP(0x10000, 256) | MAP(0x0100, 512) | MAP(0x0800, 1024) | MAP(0x1000, 2048) |
	       MAP(0x2000, 0x4000);
}

/* fcntl(2) commands → fcntl_commands. */
static __always_inline __u8 fcntl_command(unsigned long cmd)
{
	switch (cmd) {
	case 0: return 1;       /* F_DUPFD */
	case 1: return 2;       /* F_GETFD */
	case 2: return 3;
	case 3: return 4;
	case 4: return 5;       /* F_SETFL */
	case 5: return 6;
	case 6: return 8;
	case 7: return 9;
	case 8: return 10;      /* F_SETOWN */
	case 9: return 12;
	case 10: return 13;
	case 11: return 15;
	case 15: return 21;     /* F_SETOWN_EX */
	case 16: return 22;
	case 36: return 30;     /* F_OFD_GETLK */
	case 37: return 31;
	case 38: return 32;
	case 1024: return 23;   /* F_SETLEASE */
	case 1025: return 24;
	case 1026: return 27;   /* F_NOTIFY */
	case 1029: return 25;
	case 1030: return 26;   /* F_DUPFD_CLOEXEC */
	case 1031: return 28;
	case 1032: return 29;
	default: return 0;
	}
}

/* A mode with its file type, as mknod_mode has it: the same bits; no type means a regular file. */
static __always_inline __u32 file_mode(unsigned long mode)
{
	return (mode & 07777) | (mode & 0170000 ? mode & 0170000 : 0100000);
}

/* access(2) → access_flags: equal bits; F_OK is 0. */
static __always_inline __u32 access_mode(unsigned long mode)
{
	return mode & 7;
}

static __always_inline __u32 unlinkat_flags(unsigned long flags) { return MAP(0x200, 512); }
static __always_inline __u32 linkat_flags(unsigned long flags) { return MAP(0x400, 1024) | MAP(0x1000, 4096); }
/* The table calls 1024 AT_SYMLINK_NOFOLLOW; Falco sets it for AT_SYMLINK_FOLLOW (0x400), and so do we. */
static __always_inline __u32 fchownat_flags(unsigned long flags) { return MAP(0x400, 1024) | MAP(0x1000, 4096); }
static __always_inline __u32 newfstatat_flags(unsigned long flags) { return flags & 0x1900; }
static __always_inline __u32 execveat_flags(unsigned long flags) { return MAP(0x1000, 1) | MAP(0x100, 2); }
static __always_inline __u32 dup3_flags(unsigned long flags) { return MAP(02000000, 4096); }
#if defined(__TARGET_ARCH_arm64)
#define O_DIRECT 0200000
#else
#define O_DIRECT 040000
#endif
static __always_inline __u32 pipe2_flags(unsigned long flags) { return MAP(02000000, 4096) | MAP(O_DIRECT, 512) | MAP(04000, 64); }
/* poll(2) events → poll_flags: POLLIN POLLPRI POLLOUT POLLRDHUP POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND */
static __always_inline __u16 poll_events(short flags)
{
	return MAP(0x1, 1) | MAP(0x2, 2) | MAP(0x4, 4) | MAP(0x2000, 8) | MAP(0x8, 0x10) | MAP(0x10, 0x20) | MAP(0x20, 0x40) |
	       MAP(0x40, 0x80) | MAP(0x80, 0x100) | MAP(0x100, 0x200) | MAP(0x200, 0x400);
}
/* lseek(2): what the table has no name for is 0 */
static __always_inline __u8 lseek_whence(unsigned long whence) { return whence < 3 ? whence : 0; }
/* futex(2) operations are numbered alike; newer ones have no name in the table */
static __always_inline __u16 futex_operation(unsigned long op) { return ((op & 127) < 13 ? op & 127 : 0) | (op & 0x180); }
static __always_inline __u32 memfd_flags(unsigned long flags) { return flags & 7; }
static __always_inline __u32 pidfd_flags(unsigned long flags) { return MAP(04000, 1); }
static __always_inline __u32 close_range_flags(unsigned long flags) { return MAP(2, 2) | MAP(4, 4); }
static __always_inline __u32 delete_module_flags(unsigned long flags) { return MAP(04000, 2) | MAP(01000, 1); }
static __always_inline __u32 flock_flags(unsigned long flags) { return MAP(1, 1) | MAP(2, 2) | MAP(4, 4) | MAP(8, 8); }
static __always_inline __u32 umount_flags(unsigned long flags) { return flags & 15; }
/* The kernel strips its own magic number from mount flags, and so do we. */
static __always_inline __u32 mount_flags(unsigned long flags)
{
	return (flags & 0xffff0000) == 0xC0ED0000 ? flags & 0xffff : flags;
}

/* openat2(2) resolve: BENEATH, IN_ROOT, NO_MAGICLINKS, NO_SYMLINKS, NO_XDEV, CACHED in the table's order. */
static __always_inline __u32 resolve_flags(unsigned long flags)
{
	return MAP(0x08, 1) | MAP(0x10, 2) | MAP(0x02, 4) | MAP(0x04, 8) | MAP(0x01, 16) | MAP(0x20, 32);
}

/* SOCK_CLOEXEC and SOCK_NONBLOCK in a socket's type, as file_flags. */
static __always_inline __u32 socket_flags(unsigned long flags)
{
	return MAP(02000000, 4096) | MAP(04000, 64);
}

/* EFD_*, SFD_*, IN_*: the same bits as O_CLOEXEC and O_NONBLOCK, as file_flags. */
static __always_inline __u16 eventfd_flags(unsigned long flags)
{
	return MAP(02000000, 4096) | MAP(04000, 64);
}

static __always_inline __u32 io_uring_setup_flags(unsigned long flags)
{
	return MAP(1, 1) | MAP(2, 2) | MAP(4, 8) | MAP(8, 16) | MAP(16, 32) | MAP(32, 64) | MAP(64, 128);
}

/* ptrace(2) requests → ptrace_requests. */
static __always_inline __u16 ptrace_request(unsigned long request)
{
	switch (request) {
	case 0: return 1;        /* PTRACE_TRACEME */
	case 1: return 2;
	case 2: return 3;
	case 3: return 4;
	case 4: return 5;
	case 5: return 6;
	case 6: return 7;
	case 7: return 8;
	case 8: return 9;
	case 9: return 10;       /* PTRACE_SINGLESTEP */
	case 12: return 26;      /* PTRACE_GETREGS */
	case 13: return 27;
	case 14: return 28;
	case 15: return 29;
	case 16: return 11;      /* PTRACE_ATTACH */
	case 17: return 12;
	case 18: return 30;
	case 19: return 31;
	case 21: return 32;
	case 24: return 13;      /* PTRACE_SYSCALL */
	case 25: return 33;
	case 26: return 34;
	case 30: return 35;
	case 31: return 36;
	case 32: return 37;
	case 33: return 38;
	case 0x4200: return 14;  /* PTRACE_SETOPTIONS */
	case 0x4201: return 15;
	case 0x4202: return 16;
	case 0x4203: return 17;
	case 0x4204: return 18;
	case 0x4205: return 19;
	case 0x4206: return 20;  /* PTRACE_SEIZE */
	case 0x4207: return 21;
	case 0x4208: return 22;
	case 0x4209: return 23;
	case 0x420a: return 24;
	case 0x420b: return 25;
	default: return 0;
	}
}
