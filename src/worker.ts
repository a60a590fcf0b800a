/** A worker process: started by the primary of a server whose `server.workers` is not 0, never by hand. */
import cluster from "node:cluster"
import { runChild } from "./services/processes/runChild.ts"
import { workerProcess } from "./WorkerProcess.ts"

// Node's cluster would end the process at once when the primary is gone, and its connections without a word.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
runChild(workerProcess)
