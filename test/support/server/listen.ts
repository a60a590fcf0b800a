/**
 * A transport alone, listening inside the test, with what it hands over to wait for. Its clocks stand still: a test ticks them. It ends
 * with the test.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import { onTestFinished } from "vitest"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import type { CloseReason } from "../../../src/protocol/closeCodes.ts"
import { Admission } from "../../../src/services/hot/Admission.ts"
import type { Connection, ConnectionOwner } from "../../../src/services/hot/Connection.ts"
import { Intake, type Placement } from "../../../src/services/hot/Intake.ts"
import { Keepalive } from "../../../src/services/hot/Keepalive.ts"
import type { Opening, SessionHome } from "../../../src/services/hot/Opening.ts"
import { StalledWrites } from "../../../src/services/hot/StalledWrites.ts"
import type { Listener, ListenOptions, PlainAnswer } from "../../../src/services/Transport.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { layerTransport } from "../../../src/services/transportLayer.ts"
import { Heard } from "./Heard.ts"
import { configOf, type Settings } from "./serve.ts"

export interface ListenSetup extends Partial<Omit<ListenOptions, "intake">> {
  readonly settings?: Settings
  readonly admission?: Admission
  /** Of raw connections. */
  readonly keepalive?: Keepalive
  /** False: no shard can take anyone. */
  readonly hasPlace?: boolean
}

/** Time of a write, and of pings and their answers, in ticks. */
export const WRITE_TICKS = 5
export const PING_TICKS = 16
export const PONG_TICKS = 16

/** What happens on a connection that this session takes. */
export class RecordingSession implements Opening, ConnectionOwner {
  readonly opened = new Heard<Connection>()
  readonly messages = new Heard<string>()
  lefts = 0

  constructor(readonly onOpen: (connection: Connection) => void = () => {}) {}

  open(connection: Connection): void {
    connection.owner = this
    this.opened.add(connection)
    this.onOpen(connection)
  }

  message(_: Connection, data: Uint8Array): void {
    this.messages.add(Buffer.from(data).toString())
  }

  left(): void {
    this.lefts++
  }

  end(connection: Connection, why: CloseReason): void {
    connection.close(why)
  }

  /** The connection, when it is there. */
  get connection(): Promise<Connection> {
    return this.opened.count(1).then(([connection]) => connection!)
  }
}

export class Listening {
  /** Raw connections. */
  readonly raws = new Heard<Connection>()
  /** Close codes in the order in which they were counted. */
  readonly closes = new Heard<number>()
  readonly intake: Intake
  listener!: Listener

  constructor(
    readonly isSecure: boolean,
    setup: ListenSetup,
    readonly close: () => Promise<void>
  ) {
    const { hasPlace = true } = setup
    const placement: Placement = {
      place: (connection, opening) => {
        if (hasPlace && opening === undefined) this.raws.add(connection)
        else if (hasPlace) opening?.open(connection, {} as SessionHome)
        return hasPlace
      },
      closed: (_, code) => this.closes.add(code)
    }
    const { admission = new Admission(100_000, 0, 0), keepalive = new Keepalive(0, 0) } = setup
    this.intake = new Intake(
      admission,
      keepalive,
      placement,
      65_536,
      () => Date.now(),
      new StalledWrites(1000),
      new Keepalive(PING_TICKS * 1000, (PING_TICKS + PONG_TICKS) * 1000)
    )
  }

  get port(): number {
    return this.listener.port
  }

  http(path = "/"): string {
    return `${this.isSecure ? "https" : "http"}://127.0.0.1:${this.port}${path}`
  }

  url(path = "/"): string {
    return `${this.isSecure ? "wss" : "ws"}://127.0.0.1:${this.port}${path}`
  }

  /** Lets the time of a write pass. */
  passWriteTime(): void {
    for (let i = 0; i < WRITE_TICKS; i++) this.intake.stalledWrites.tick()
  }

  /** Places that the admission holds. */
  get held(): number {
    return this.intake.admission.held
  }
}

const NOTHING: PlainAnswer = { status: 200, headers: [], body: "" }

export const listen = async (setup: ListenSetup): Promise<Listening> => {
  const config = configOf(setup.settings ?? {})
  const layer = layerTransport.pipe(Layer.provide(Layer.succeed(ServerConfig, config)))
  const runtime = ManagedRuntime.make(layer)
  const scope = await Effect.runPromise(Scope.make())
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await runtime.dispose()
  }
  onTestFinished(close)
  const listening = new Listening(config.server.tls.cert !== undefined, setup, close)
  const { decide, http = () => NOTHING, upgrades, bodyLimits } = setup
  const options: ListenOptions = { intake: listening.intake, decide, http, upgrades, bodyLimits }
  listening.listener = await runtime.runPromise(
    Effect.flatMap(Transport, (transport) => transport.listen(options)).pipe(Scope.provide(scope))
  )
  return listening
}
