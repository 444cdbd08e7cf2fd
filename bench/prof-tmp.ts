import { replay, repeatCapture, engineWith } from "/work/main/bench/src/syscalls.ts"
import { readFileSync, existsSync } from 'node:fs'
const R='/work/shared/corpus/rules/'
const sets: Record<string,string[]> = { none: [], stable:['falco_rules.yaml'], all:['falco_rules.yaml','falco-incubating_rules.yaml','falco-sandbox_rules.yaml'] }
if (!existsSync('/tmp/prof/rep.scap')) repeatCapture('/work/shared/corpus/syscall/server.scap','/tmp/prof/rep.scap', 5e6)
const files = sets[process.argv[2]!]!.map(n=>({name:n,content:readFileSync(R+n,'utf8')}))
const { engine } = engineWith(files); (globalThis as any).gc?.(); console.log("loaded", process.memoryUsage().rss/2**20, process.memoryUsage().heapTotal/2**20); if (!existsSync("/tmp/prof/short.scap")) repeatCapture("/work/shared/corpus/syscall/server.scap","/tmp/prof/short.scap", 1e6); await replay("/tmp/prof/short.scap", engine); const u0=process.cpuUsage(); const t0=performance.now(); const th0=process.threadCpuUsage(); const r = await replay("/tmp/prof/rep.scap", engine); const u=process.cpuUsage(u0); const th=process.threadCpuUsage(th0); console.log("user",u.user/1e6,"sys",u.system/1e6,"wall",(performance.now()-t0)/1e3,"main thread user",th.user/1e6,"sys",th.system/1e6)
console.log(process.argv[2], process.memoryUsage()); 
;(globalThis as any).gc?.(); console.log('after gc', process.memoryUsage().heapUsed/2**20, process.memoryUsage().rss/2**20)
