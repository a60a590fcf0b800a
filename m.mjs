import { FromWorker } from "./dist/services/workers/messages.js"
import * as Schema from "effect/Schema"
import { addSamples } from "./dist/services/workers/sampleSums.js"
import v8 from "node:v8"
const shard = (w,i)=>({name:`shard-${i}`,address:`primary/workers/worker-${w}/shards/shard-${i}`,state:"serving",mailbox:0,connections:312,restarts:0,children:[]})
const names = Array.from({length:60},(_, i)=>`clarion_something_number_${i}_total`)
const observed = (w)=>({_tag:"Observed",live:5000,samples:names.map((name,i)=>({type:i%3?"counter":"gauge",name,help:"What it is about in a few words",value:i*1000,...(i<20?{labels:{code:String(1000+i)}}:{})})).concat([["0.5"],["0.99"],["1"]].map(([q])=>({type:"gauge",name:"clarion_event_loop_delay_seconds",help:"x",value:1,labels:{process:`worker-${w}`,percentile:q}}))),
 actors:[{name:"shards",address:`primary/workers/worker-${w}/shards`,state:"serving",children:Array.from({length:16},(_,i)=>shard(w,i))}]})
const decode = Schema.decodeUnknownExit(FromWorker)
const all = Array.from({length:64},(_,w)=>observed(w))
const bytes = all.map(o=>v8.serialize(o))
const time=(what,f,n=20)=>{for(let i=0;i<5;i++)f();const ts=[];for(let i=0;i<n;i++){const t=performance.now();f();ts.push(performance.now()-t)};ts.sort((a,b)=>a-b);console.log(what,ts[n>>1].toFixed(3),"ms median, max",ts.at(-1).toFixed(3))}
time("deserialize 64",()=>bytes.map(b=>v8.deserialize(b)))
time("decode 64",()=>{for(const o of all)decode(o)})
time("decode 1",()=>decode(all[0]))
const flat=all.flatMap(o=>o.samples)
time("flatMap+addSamples",()=>addSamples(all.flatMap(o=>o.samples)))
