/*
 * Level 1: who may still write to a ring that fills up.
 *
 * Whenever a CPU's events, given up or not, have taken another 1/64 of the ring, the process of the event at hand gets a mark: who
 * writes most of the bytes gets most of the marks. An account that has an eighth of what the reader keeps up with is flooding. Its
 * events are given up from a level of the ring that depends on the account: the process first, then its siblings, then all that
 * its user runs in its control group, then all that the user runs. A mark goes to a larger account only when the smaller ones do
 * not flood: so one process that floods does not silence its user. What others do finds the rest of the ring.
 *
 * Events of process life are given up later, when a flooding account has filled another eighth of the ring, and execs when it has
 * filled two: then all that a flooding owner's processes started or ended has left the last eighth to them.
 */
#pragma once
#include "extract.bpf.h"

/* Besides enum want: that a process began or has ended; that it runs another program. */
#define WANT_LIFE 5
#define WANT_EXEC 6

#define SHARES 64          /* of the ring: bytes between two marks, and so between two looks at how full it is */
#define MANY_MARKS 8
#define WINDOW_SHIFT 29    /* of the clock's ns: half a second */

enum account_kind {
	OF_PROCESS,
	OF_FAMILY,         /* the children of one parent */
	OF_OWNER,          /* a user's processes in one control group */
	OF_USER,           /* root has none: all containers may be his */
	ACCOUNT_KINDS,
};

/* Sixteenths of the ring from which on a flooding account of each kind loses its events. */
#define PRESSED 8
static const __u8 SILENT_FROM[ACCOUNT_KINDS] = { PRESSED, 9, 10, 12 };
#define UNMARKED_LATER 2   /* a process of a flooding owner or user that has written little itself */
#define LIFE_LATER 2
#define EXEC_LATER 4
#define EVENTS_TO 15       /* above, only what the state needs is written */

struct account_key {
	__u64 cgroup;
	__u32 uid;
	__u32 pid;
	__u64 kind;
};
struct account {
	__u32 window;
	__u32 marks;
	__u32 given;       /* of these, to larger accounts too: it did not flood then */
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct account_key);
	__type(value, struct account);
} accounts SEC(".maps");

/* What was written to the rings, and who was silenced last; read by the sidecar. */
struct written {
	struct account all;
	__u32 flooder;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct written);
} written_map SEC(".maps");

static __always_inline __u32 this_window(void)
{
	return bpf_ktime_get_ns() >> WINDOW_SHIFT;
}

static __always_inline void add_mark(struct account *account, __u32 now)
{
	if (account->window == now) {
		account->marks++;
	} else {
		account->marks = account->window + 1 == now ? account->marks / 2 + 1 : 1;
		account->given = account->window + 1 == now ? account->given / 2 : 0;
		account->window = now;
	}
}

/* Marks of this window, or of the one before. */
static __always_inline __u32 marks_of(const struct account *account, __u32 now)
{
	return account && account->window + 1 >= now ? account->marks : 0;
}

#define MAX_USER_NAMESPACES 36 /* they nest 33 deep (kernel/user_namespace.c) */
#define NAMESPACES_AT_ONCE 6   /* as TURNS in walk.bpf.h */

/*
 * What follows are global functions, and so are the steps of their loops: the verifier checks them once, by themselves, and not in each
 * program's every state and turn. They take and return kernel pointers as numbers.
 */

/* The outermost of some user namespaces around one, the first not counted. */
__noinline __u64 outer_namespace(__u64 address)
{
	struct user_namespace *ns = (void *)address;
	for (int i = 0; i < NAMESPACES_AT_ONCE && BPF_CORE_READ(ns, level) > 1; i++)
		ns = BPF_CORE_READ(ns, parent);
	return as_number(ns);
}

/* The real user. In a user namespace, which may have thousands of ids, it is the one who made the outermost. */
__noinline __u32 charged_user(void)
{
	struct user_namespace *ns = BPF_CORE_READ(current_task(), cred, user_ns);
	__u64 outermost = as_number(ns);
	if (BPF_CORE_READ(ns, level) == 0)
		return bpf_get_current_uid_gid();
	for (int i = 0; i < MAX_USER_NAMESPACES / NAMESPACES_AT_ONCE; i++)
		outermost = outer_namespace(outermost);
	ns = (void *)outermost;
	return BPF_CORE_READ(ns, owner.val);
}

static __always_inline struct account_key key_of(__u32 kind, __u32 user)
{
	struct account_key key = { .kind = kind };
	key.uid = kind == OF_PROCESS ? 0 : user;
	key.cgroup = kind == OF_FAMILY || kind == OF_OWNER ? bpf_get_current_cgroup_id() : 0;
	key.pid = kind == OF_PROCESS  ? bpf_get_current_pid_tgid() >> 32
		  : kind == OF_FAMILY ? BPF_CORE_READ(current_task(), real_parent, tgid)
				      : 0;
	return key;
}

/* Marks of one account of the current task. With `charge` it gets one more; below `limit` the larger accounts get it, too. */
__noinline __u32 marks_of_kind(__u32 kind, __u32 user, __u32 now, __u32 charge, __u32 limit)
{
	struct account first = { .window = now, .marks = 1, .given = 1 }, *account;
	struct account_key key = key_of(kind, user);
	account = bpf_map_lookup_elem(&accounts, &key);
	if (account && charge) {
		add_mark(account, now);
		account->given += account->marks < limit;
	} else if (charge) {
		bpf_map_update_elem(&accounts, &key, &first, BPF_ANY);
	}
	return marks_of(account, now);
}

/*
 * An account floods: the marks that it gave to larger ones until then are not theirs. Else one flood after another adds up. Whether
 * it has come to flood just now, its marks do not say: the limit falls when others write less.
 */
__noinline int take_back(__u32 from, __u32 user)
{
	struct account_key key = key_of(from, user);
	struct account *account = bpf_map_lookup_elem(&accounts, &key);
	__u32 given = account ? account->given : 0;
	if (!given)
		return 0;
	account->given = 0;
	for (__u32 kind = OF_FAMILY; kind < ACCOUNT_KINDS; kind++) {
		key = key_of(kind, user);
		account = kind > from ? bpf_map_lookup_elem(&accounts, &key) : NULL;
		if (account) {
			account->marks -= account->marks < given ? account->marks : given;
			account->given -= account->given < given ? account->given : given;
		}
	}
	return 0;
}

/*
 * Whether an account of the current task floods that loses its events while the ring is so full: `used` in sixteenths. With `charge`,
 * a mark is due.
 */
__noinline int floods(__u32 used, __u32 charge)
{
	struct written *written;
	__u32 zero = 0, user, marks, own = 0, from, now = this_window(), limit = MANY_MARKS;
	written = bpf_map_lookup_elem(&written_map, &zero);
	if (!written)
		return false;
	if (marks_of(&written->all, now) / 8 > limit)
		limit = marks_of(&written->all, now) / 8;
	user = charged_user();
	for (__u32 kind = 0; kind < ACCOUNT_KINDS; kind++) {
		if (!charge && used < SILENT_FROM[kind])
			break;
		if (kind == OF_USER && !user)
			break;
		marks = marks_of_kind(kind, user, now, charge, limit);
		from = SILENT_FROM[kind] + (kind >= OF_OWNER && !own ? UNMARKED_LATER : 0);
		if (kind == OF_PROCESS)
			own = marks;
		if (marks < limit)
			continue;
		if (charge)
			take_back(kind, user);
		if (used < from)
			break;
		written->flooder = bpf_get_current_pid_tgid() >> 32;
		return true;
	}
	if (charge)
		add_mark(&written->all, now);
	return false;
}

/* What is counted when the ring has no room to give for an event of this kind; COUNTER_MAX = it has. */
static __always_inline __u32 refusal(struct scratch *to, void *ring, __u8 want, __u32 size)
{
	bool charge, refused;
	__u32 used, later;
	to->unasked += size;
	/* Asking costs as much as a short event: it is done now and then, and always while the ring is half full. */
	charge = to->unasked > ring_bytes / SHARES;
	if (!charge && !to->pressed)
		return COUNTER_MAX;
	if (charge)
		to->unasked = 0;
	used = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) / (ring_bytes / 16);
	to->pressed = used >= PRESSED;
	later = want == WANT_EXEC ? EXEC_LATER : want == WANT_LIFE ? LIFE_LATER : 0;
	used = used > later ? used - later : 0;
	refused = (charge || used >= PRESSED) && floods(used, charge);
	/* after a loss of what the state needs, the engine reads it from /proc */
	if (refused)
		return want >= WANT_FIRST ? COUNT_DROP_FULL_FIRST : COUNT_DROP_FLOOD;
	return want == WANT_EVENT && used >= EVENTS_TO ? COUNT_DROP_PRESSURE : COUNTER_MAX;
}
