/** How many machines a load needs: pure arithmetic on measured figures. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import { admitSeconds, copySeconds, unnoticedWaitSeconds, waitSeconds, writeOutSeconds } from "./costs.ts"
import { MAX_SERVERS, MIN_SERVERS, type NatsLoad, natsLoad } from "./natsLoad.ts"
import { type NodeLoad, nodeLoad } from "./nodeLoad.ts"
import { MAX_NODES, type PlanInput, workersOf } from "./PlanInput.ts"
import { fits, type Resource, tightest } from "./Resource.ts"

/** No number of machines of this kind carries it. Exit code 78: another input can. */
export class DoesNotFit extends Data.TaggedError("DoesNotFit")<{
  /** The resource that is short, with as many machines as there may be. */
  readonly resource: Resource
  readonly machines: string
}> {
  override readonly [Runtime.errorExitCode] = 78

  override get message(): string {
    const { name, used, has, unit, raisedBy } = this.resource
    const figure = (value: number) => `${Number(value.toPrecision(3)).toLocaleString("en-US")} ${unit}`.trim()
    const help = raisedBy === undefined ? "" : `; --${raisedBy} gives more of it`
    return `no plan: ${name}: ${figure(used)} needed and ${figure(has)} there, even with ${this.machines}${help}`
  }
}

export interface Plan {
  readonly nodes: {
    readonly count: number
    /** Of these, the ones that may be gone. */
    readonly spares: number
    readonly cores: number
    readonly workersEach: number
    /** GiB, in all. */
    readonly memory: number
    /** Of one node while the spares are gone. */
    readonly load: NodeLoad
    /** Connections of one node while all are there. */
    readonly connectionsEach: number
  }
  /** Undefined with one node: the embedded broker is enough. */
  readonly nats: NatsLoad | undefined
  /** Seconds until the last connection has a broadcast, of which so much passes at NATS; while spares are gone. */
  readonly broadcast: { readonly seconds: number; readonly natsSeconds: number }
  /**
   * Seconds from a loss until the last client is back, its backoff included, if no attempt times out: of a node that ends, of a machine that is gone
   * without a word, of all.
   */
  readonly reconnect: { readonly ofOneNode: number; readonly ofOneMachine: number; readonly ofAll: number }
  /** What is used up first. */
  readonly limit: Resource
  /** A month; 0 where no prices are given. */
  readonly price: number
}

/** The least number in a range for which `isEnough`, which stays so for all that are greater. */
const least = (from: number, to: number, isEnough: (count: number) => boolean): number | undefined => {
  if (!isEnough(to)) return undefined
  let [low, high] = [from, to]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isEnough(middle)) high = middle
    else low = middle + 1
  }
  return low
}

const serversFor = (input: PlanInput, nodes: number): Result.Result<NatsLoad | undefined, DoesNotFit> => {
  if (nodes === 1) return Result.succeed(undefined)
  for (let servers = MIN_SERVERS; servers <= MAX_SERVERS; servers++) {
    const load = natsLoad(input, nodes, servers)
    if (fits(load.resources)) return Result.succeed(load)
  }
  const { resources } = natsLoad(input, nodes, MAX_SERVERS)
  return Result.fail(
    new DoesNotFit({ resource: tightest(resources), machines: `${MAX_SERVERS} NATS servers` })
  )
}

/** Seconds until a publication has reached all nodes: each server hands it to its own, one after the other. */
const spreadSeconds = (input: PlanInput, nodes: number, nats: NatsLoad | undefined): number =>
  nats === undefined ? 0 : (nodes / nats.servers + nats.servers) * copySeconds(input)

/** Seconds for clients who come at once to nodes that share them. */
const admitAllSeconds = (input: PlanInput, clients: number, nodes: number): number =>
  Math.ceil(clients / nodes) * admitSeconds(input, nodes)

export const plan = (input: PlanInput): Result.Result<Plan, DoesNotFit> => {
  const most = MAX_NODES - input.spares
  const working = least(1, most, (nodes) => fits(nodeLoad(input, nodes).resources))
  if (working === undefined) {
    const { resources } = nodeLoad(input, most)
    return Result.fail(new DoesNotFit({ resource: tightest(resources), machines: `${most} nodes` }))
  }
  const count = working + input.spares
  return Result.map(serversFor(input, count), (nats) => {
    const load = nodeLoad(input, working)
    const connectionsEach = Math.ceil(input.connections / count)
    const ofOne = admitAllSeconds(input, connectionsEach, Math.max(1, count - 1))
    const natsSeconds = spreadSeconds(input, count, nats)
    return {
      nodes: {
        count,
        spares: input.spares,
        cores: count * input.node.cores,
        workersEach: workersOf(input),
        memory: count * input.node.memory,
        load,
        connectionsEach
      },
      nats,
      broadcast: { seconds: natsSeconds + writeOutSeconds(input, load.connections), natsSeconds },
      reconnect: {
        ofOneNode: waitSeconds(input.detect) + ofOne,
        ofOneMachine: unnoticedWaitSeconds(input.detect) + ofOne,
        ofAll: waitSeconds(Duration.zero) + admitAllSeconds(input, input.connections, count)
      },
      limit: tightest([...load.resources, ...(nats?.resources ?? [])]),
      price: count * input.node.price + (nats?.servers ?? 0) * input.nats.price
    }
  })
}

/** The same load for other numbers of connections: publications into channels grow with them, broadcasts do not. */
export const growth = (
  input: PlanInput,
  sizes: ReadonlyArray<number>
): ReadonlyArray<{ readonly connections: number; readonly plan: Result.Result<Plan, DoesNotFit> }> =>
  sizes.map((connections) => ({
    connections,
    plan: plan({
      ...input,
      connections,
      channels: {
        ...input.channels,
        rate: (input.channels.rate * connections) / input.connections,
        subscribers: Math.min(input.channels.subscribers, connections)
      }
    })
  }))
