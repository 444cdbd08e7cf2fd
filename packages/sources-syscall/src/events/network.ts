/** Sockets. Row format: see `table.ts`. */
export const NETWORK_EVENTS = `
18 SOCKET_SOCKET_E socket net creates_fd modifies_state old_version converter_managed
    domain:enumflags32=socket_families type:uint32 proto:uint32
19 SOCKET_SOCKET_X socket net creates_fd modifies_state converter_managed
    fd:fd domain:enumflags32=socket_families type:uint32 proto:uint32 flags:flags32:hex=file_flags
20 SOCKET_BIND_E bind net uses_fd modifies_state old_version converter_managed
    fd:fd
21 SOCKET_BIND_X bind net uses_fd modifies_state converter_managed
    res:errno addr:sockaddr fd:fd
22 SOCKET_CONNECT_E connect net uses_fd modifies_state converter_managed
    fd:fd addr:sockaddr
23 SOCKET_CONNECT_X connect net uses_fd modifies_state converter_managed
    res:errno tuple:socktuple fd:fd addr:sockaddr
24 SOCKET_LISTEN_E listen net uses_fd old_version converter_managed
    fd:fd backlog:int32
25 SOCKET_LISTEN_X listen net uses_fd converter_managed
    res:errno fd:fd backlog:int32
26 SOCKET_ACCEPT_E accept net creates_fd modifies_state old_version
27 SOCKET_ACCEPT_X accept net creates_fd modifies_state old_version converter_managed
    fd:fd tuple:socktuple queuepct:uint8
36 SOCKET_SHUTDOWN_E shutdown net uses_fd modifies_state old_version converter_managed
    fd:fd how:enumflags8:hex=shutdown_how
37 SOCKET_SHUTDOWN_X shutdown net uses_fd modifies_state converter_managed
    res:errno fd:fd how:enumflags8:hex=shutdown_how
38 SOCKET_GETSOCKNAME_E getsockname net old_version
39 SOCKET_GETSOCKNAME_X getsockname net
40 SOCKET_GETPEERNAME_E getpeername net old_version
41 SOCKET_GETPEERNAME_X getpeername net
44 SOCKET_SETSOCKOPT_E setsockopt net old_version
45 SOCKET_SETSOCKOPT_X setsockopt net uses_fd
    res:errno fd:fd level:enumflags8=sockopt_levels optname:enumflags8=sockopt_options
    val:dyn=sockopt_dynamic_param optlen:uint32
46 SOCKET_GETSOCKOPT_E getsockopt net modifies_state old_version
47 SOCKET_GETSOCKOPT_X getsockopt net uses_fd modifies_state
    res:errno fd:fd level:enumflags8=sockopt_levels optname:enumflags8=sockopt_options
    val:dyn=sockopt_dynamic_param optlen:uint32
56 SOCKET_ACCEPT4_E accept net creates_fd modifies_state old_version converter_managed
    flags:int32:hex
57 SOCKET_ACCEPT4_X accept net creates_fd modifies_state old_version converter_managed
    fd:fd tuple:socktuple queuepct:uint8
246 SOCKET_ACCEPT_5_E accept net creates_fd modifies_state old_version
247 SOCKET_ACCEPT_5_X accept net creates_fd modifies_state
    fd:fd tuple:socktuple queuepct:uint8 queuelen:uint32 queuemax:uint32
248 SOCKET_ACCEPT4_5_E accept net creates_fd modifies_state old_version converter_managed
    flags:int32:hex
249 SOCKET_ACCEPT4_5_X accept net creates_fd modifies_state old_version converter_managed
    fd:fd tuple:socktuple queuepct:uint8 queuelen:uint32 queuemax:uint32
388 SOCKET_ACCEPT4_6_E accept4 net creates_fd modifies_state old_version converter_managed
    flags:int32:hex
389 SOCKET_ACCEPT4_6_X accept4 net creates_fd modifies_state converter_managed
    fd:fd tuple:socktuple queuepct:uint8 queuelen:uint32 queuemax:uint32 flags:int32:hex
`
