import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ActorTree } from "./dist/services/ActorTree.js"
import { Metrics } from "./dist/services/Metrics.js"
import { actorSamples } from "./dist/services/serviceMetrics.js"
const names = Array.from({length:60},(_, i)=>`clarion_something_number_${i}_total`)
const samplesOf = (w)=>names.map((name,i)=>({type:i%3?"counter":"gauge",name,help:"What it is about in a few words",value:i*1000,...(i<20?{labels:{code:String(1000+i)}}:{})})).concat([["50"],["99"],["100"]].map(([q])=>({type:"gauge",name:"clarion_event_loop_delay_seconds",help:"x",value:1,labels:{process:`worker-${w}`,percentile:q}})))
const workers = Array.from({length:64},(_,w)=>samplesOf(w))
const time=(what,f,n=30)=>{for(let i=0;i<10;i++)f();const ts=[];for(let i=0;i<n;i++){const t=performance.now();f();ts.push(performance.now()-t)};ts.sort((a,b)=>a-b);console.log(what,ts[n>>1].toFixed(3),"ms median, min",ts[0].toFixed(3),"max",ts.at(-1).toFixed(3))}
const program = Effect.gen(function*(){
  const tree = yield* ActorTree
  const metrics = yield* Metrics
  yield* tree.register("primary",()=>({state:"serving",connections:1}))
  yield* tree.register("primary/shards",()=>({state:"serving"}))
  for (let i=0;i<1000;i++) yield* tree.register(`primary/shards/shard-${i}`,()=>({state:"serving",mailbox:0,connections:3,restarts:0}))
  yield* metrics.registerDetails(Effect.sync(()=>actorSamples(tree.known())))
  yield* metrics.register(Effect.sync(()=>workers.flat()))
  time("known 1000",()=>tree.known())
  time("known+samples 1000",()=>actorSamples(tree.known()))
  time("json 1000",()=>JSON.stringify({actors:tree.known()}))
  time("metrics.known",()=>Effect.runSync(metrics.known))
  // longest turn
  for (let k=0;k<15;k++){
    let last=performance.now(), longest=0, turns=0, stop=false
    const beat=()=>{const n=performance.now();longest=Math.max(longest,n-last);last=n;turns++; if(!stop) setImmediate(beat)}
    setImmediate(beat)
    const t=performance.now()
    const text = yield* metrics.text
    stop=true
    console.log("scrape",text.length,"bytes",(performance.now()-t).toFixed(1),"ms, longest turn",longest.toFixed(2),"turns",turns)
  }
})
Effect.runPromise(program.pipe(Effect.scoped,Effect.provide(Layer.merge(ActorTree.layer,Metrics.layer))))
