/** Users, groups and sessions. Row format: see `table.ts`. */
export const IDENTITY_EVENTS = `
190 SYSCALL_QUOTACTL_E quotactl user old_version converter_managed
    cmd:flags16=quotactl_cmds type:flags8=quotactl_types id:uint32 quota_fmt:flags8=quotactl_quota_fmts
191 SYSCALL_QUOTACTL_X quotactl user converter_managed
    res:errno special:string quotafilepath:string dqb_bhardlimit:uint64 dqb_bsoftlimit:uint64
    dqb_curspace:uint64 dqb_ihardlimit:uint64 dqb_isoftlimit:uint64 dqb_btime:reltime dqb_itime:reltime
    dqi_bgrace:reltime dqi_igrace:reltime dqi_flags:flags8=quotactl_dqi_flags
    quota_fmt_out:flags8=quotactl_quota_fmts cmd:flags16=quotactl_cmds type:flags8=quotactl_types id:uint32
    quota_fmt:flags8=quotactl_quota_fmts
192 SYSCALL_SETRESUID_E setresuid user modifies_state old_version converter_managed
    ruid:uid euid:uid suid:uid
193 SYSCALL_SETRESUID_X setresuid user modifies_state converter_managed
    res:errno ruid:uid euid:uid suid:uid
194 SYSCALL_SETRESGID_E setresgid user modifies_state old_version converter_managed
    rgid:gid egid:gid sgid:gid
195 SYSCALL_SETRESGID_X setresgid user modifies_state converter_managed
    res:errno rgid:gid egid:gid sgid:gid
198 SYSCALL_SETUID_E setuid user modifies_state old_version converter_managed
    uid:uid
199 SYSCALL_SETUID_X setuid user modifies_state converter_managed
    res:errno uid:uid
200 SYSCALL_SETGID_E setgid user modifies_state old_version converter_managed
    gid:gid
201 SYSCALL_SETGID_X setgid user modifies_state converter_managed
    res:errno gid:gid
202 SYSCALL_GETUID_E getuid user old_version
203 SYSCALL_GETUID_X getuid user
    uid:uid
204 SYSCALL_GETEUID_E geteuid user old_version
205 SYSCALL_GETEUID_X geteuid user
    euid:uid
206 SYSCALL_GETGID_E getgid user old_version
207 SYSCALL_GETGID_X getgid user
    gid:gid
208 SYSCALL_GETEGID_E getegid user old_version
209 SYSCALL_GETEGID_X getegid user
    egid:gid
210 SYSCALL_GETRESUID_E getresuid user old_version
211 SYSCALL_GETRESUID_X getresuid user
    res:errno ruid:uid euid:uid suid:uid
212 SYSCALL_GETRESGID_E getresgid user old_version
213 SYSCALL_GETRESGID_X getresgid user
    res:errno rgid:gid egid:gid sgid:gid
426 SYSCALL_SETREUID_E setreuid user modifies_state old_version
427 SYSCALL_SETREUID_X setreuid user modifies_state
    res:errno ruid:uid euid:uid
428 SYSCALL_SETREGID_E setregid user old_version
429 SYSCALL_SETREGID_X setregid user modifies_state
    res:errno rgid:uid egid:uid
`
