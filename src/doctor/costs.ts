/** What connections and processes cost: the measured figures that a configured size is multiplied by. */

const KB = 1024
const MB = 1024 * KB

/** Memory of the server's process for an idle connection: docs/benchmarks.md, "memory per idle connection". */
export const SERVER_CONNECTION_BYTES = { uws: 1.28 * KB, ws: 5.75 * KB }

/** Memory of the load client's process for an idle connection, measured as the server's. */
export const CLIENT_CONNECTION_BYTES = 4.6 * KB

/**
 * The kernel's memory for one end of a connection: socket, file, inode, dentry and epoll entry; growth of the slabs and of TCP's queues with
 * 100,000 and 300,000 connections, 10.0 KB for both ends (Linux 6.18, `npm run bench -- c1000k`).
 */
export const KERNEL_CONNECTION_BYTES = 5 * KB

/**
 * Memory of a process without connections that is its own, one among many of its kind: 24–29 MB of a worker and 26–29 MB of a ramp process
 * (PSS, 54 of each); the primary alone.
 */
export const PROCESS_BYTES = { primary: 100 * MB, worker: 30 * MB, client: 30 * MB }

/** CPU time of the server for a message of one broadcast: docs/benchmarks.md, "CPU per message" at depth 1. */
export const SERVER_MESSAGE_SECONDS = { uws: 5.77e-6, ws: 6.99e-6 }

/** CPU time of the load client for a connection it sets up: decision 6. */
export const CLIENT_SETUP_SECONDS = 100e-6

/** Threads of a Node process: its own, four of V8, two of the runtime, four of libuv's pool once files are read. */
export const THREADS_OF_PROCESS = 11

/**
 * TCP's queues hold one page for each socket with a small message that is unread or unacknowledged, and none for an idle one (measured
 * over loopback: 3,840 pages for 4,000). So many connections are taken to have one at the same time.
 */
export const SHARE_IN_FLIGHT = 0.1

/** The backlog of one listening socket of uWebSockets.js; `limits.backlog` is made up of several. */
export const UWS_BACKLOG = 512

/** Local ports that the client names (decision 6): 10000–65535. */
export const NAMED_PORTS = 55_536
/** Of these, as many as one address fills without running into ports that are taken. */
export const CONNECTIONS_OF_ADDRESS = 50_000
