/*
 * The other interfaces of x86: i386's (`int 0x80`, 32-bit programs) and x32, whose numbers have bit 30. What the sidecar tells
 * the probe of each of their calls. Of x32 only numbers from 512 on need it; below they mean what x86-64's mean.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

#define X32_BIT 0x40000000
#define MAX_COMPAT_CALLS 1024

/* How the arguments differ from those of the counterpart on x86-64. */
enum shape {
	SHAPE_SAME = 0,
	SHAPE_SOCKETCALL,   /* (call, arguments in memory) */
	SHAPE_IPC,          /* (call, first, second, third, pointer, fifth) */
	SHAPE_MMAP,         /* (arguments in memory) */
	SHAPE_MMAP2,        /* the offset is in pages */
	SHAPE_UMOUNT,       /* no flags */
	SHAPE_LSEEK,        /* the offset is a signed 32-bit number */
	SHAPE_LLSEEK,       /* (fd, offset high, offset low, result, whence) */
	SHAPE_POSITION,     /* the position is in two arguments, from the fourth on, low half first */
};

/* What in the caller's memory is laid out for 32 bits. */
enum narrow {
	NARROW_LONG = 1,    /* long, size_t and pointers: of every such call */
	NARROW_TIME = 2,    /* timespec, timeval */
	NARROW_OFFSET = 4,  /* off_t */
	NARROW_ID = 8,      /* user and group ids of 16 bits */
};

struct compat_call {
	__s16 native;       /* number of the counterpart; of socketcall and ipc the first argument says it */
	__u16 portable;     /* Falco's code when it is not the counterpart's, else 0 */
	__u8 shape;         /* enum shape */
	__u8 narrow;        /* enum narrow, without NARROW_LONG */
	__u8 short_ids;     /* bit n: argument n is an id of 16 bits, -1 being 65535 */
	__u8 known;         /* 0 = such a call is not recorded */
};
