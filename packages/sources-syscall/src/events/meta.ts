/** Events other than system calls: scheduler and fault tracepoints, containers, users, plugins, recorder notes. Row format: see `table.ts`. */
export const META_EVENTS = `
16 PROCEXIT_E procexit process/tracepoint modifies_state old_version converter_managed
146 SCHEDSWITCH_1_E switch unknown/scheduler+tracepoint skipparsereset old_version converter_managed
    next:pid
148 DROP_E drop unknown/internal+metaevent skipparsereset
    ratio:uint32
149 DROP_X drop unknown/internal+metaevent skipparsereset
    ratio:uint32
152 SCHEDSWITCH_6_E switch unknown/scheduler+tracepoint
    next:pid pgft_maj:uint64 pgft_min:uint64 vm_size:uint32 vm_rss:uint32 vm_swap:uint32
186 PROCEXIT_1_E procexit process/tracepoint modifies_state
    status:errno ret:errno sig:sigtype core:uint8 reaper_tid:pid
196 SCAPEVENT_E scapevent unknown/internal+metaevent skipparsereset
    event_type:uint32 event_data:uint64
228 CONTAINER_E container unknown/internal+metaevent modifies_state skipparsereset old_version converter_managed
    id:string type:uint32 name:string image:string
232 SIGNALDELIVER_E signaldeliver signal/tracepoint
    spid:pid dpid:pid sig:sigtype
234 PROCINFO_E procinfo unknown/internal+metaevent skipparsereset
    cpu_usr:uint64 cpu_sys:uint64
244 CPU_HOTPLUG_E cpu_hotplug system/metaevent modifies_state skipparsereset
    cpu:uint32 action:uint32
260 K8S_E k8s unknown/internal+metaevent modifies_state skipparsereset old_version
    json:string
268 TRACER_E tracer other/metaevent old_version
    id:int64 tags:strings args:pairs
270 MESOS_E mesos unknown/internal+metaevent modifies_state skipparsereset old_version
    json:string
272 CONTAINER_JSON_E container process/metaevent modifies_state old_version converter_managed
    json:string
280 NOTIFICATION_E notification other/metaevent skipparsereset
    id:string:dec desc:string
286 INFRASTRUCTURE_EVENT_E infra unknown/internal+metaevent skipparsereset
    source:string:dec name:string description:string scope:string
290 PAGE_FAULT_E page_fault other/tracepoint skipparsereset
    addr:uint64:hex ip:uint64:hex error:flags32:hex=pf_flags
322 PLUGINEVENT_E pluginevent other/plugin large_payload
    plugin_id:uint32 event_data:bytes
324 CONTAINER_JSON_2_E container process/metaevent modifies_state large_payload
    json:string
354 USER_ADDED_E useradded process/metaevent modifies_state
    uid:uint32 gid:uint32 name:string home:string shell:string container_id:string
356 USER_DELETED_E userdeleted process/metaevent modifies_state
    uid:uint32 gid:uint32 name:string home:string shell:string container_id:string
358 GROUP_ADDED_E groupadded process/metaevent modifies_state
    gid:uint32 name:string container_id:string
360 GROUP_DELETED_E groupdeleted process/metaevent modifies_state
    gid:uint32 name:string container_id:string
402 ASYNCEVENT_E asyncevent other/metaevent large_payload
    plugin_id:uint32 name:string data:bytes
`
