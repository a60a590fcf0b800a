/** `npm run bench -- NAME …`: finds the bench of that name and runs it. */

interface Bench {
  readonly about: string
  readonly load: () => Promise<{ readonly run: (args: ReadonlyArray<string>) => Promise<number> }>
}

const benches: Readonly<Record<string, Bench>> = {
  fanout: {
    about: "one message to everyone: Clarion beside bare uWebSockets.js, bare ws, Socket.IO and a C floor",
    load: () => import("./fanout.ts")
  },
  channels: {
    about:
      "channels of the client protocol and the server API, beside Socket.IO rooms and bare uWebSockets.js topics",
    load: () => import("./channels.ts")
  },
  schedules: {
    about: "what many schedules cost, how soon they fire, how many can be made",
    load: () => import("./schedules.ts")
  },
  history: {
    about: "appends and recovery reads of history, durable beside memory",
    load: () => import("./history.ts")
  },
  dashboard: {
    about: "what it costs a server that somebody looks at it, and that it is scraped",
    load: () => import("./dashboard.ts")
  },
  cluster: {
    about: "two nodes and NATS, beside a node alone: latency, publications, bytes, recovery",
    load: () => import("./cluster.ts")
  },
  nats: {
    about:
      "what a publication costs between nodes: bytes and CPU of NATS, and what a stream of JetStream takes",
    load: () => import("./nats.ts")
  },
  c1000k: {
    about: "a million connections on this machine, and broadcasts that reach every one of them",
    load: () => import("./c1000k.ts")
  }
}

const help = (): string => {
  const rows = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  return [
    "Usage: npm run bench -- NAME [options]; npm run bench -- NAME --help tells the options",
    ...rows
  ].join("\n")
}

const [name, ...args] = process.argv.slice(2)
const bench = name === undefined ? undefined : benches[name]
if (bench !== undefined) process.exitCode = await (await bench.load()).run(args)
else if (name === undefined || name === "--help" || name === "-h") console.log(help())
else {
  console.error(`there is no bench "${name}"\n${help()}`)
  process.exitCode = 2
}
