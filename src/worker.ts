/** A worker process: started by the primary of a server whose `server.workers` is not 0, never by hand. */
import { runChild } from "./services/processes/runChild.ts"
import { workerProcess } from "./WorkerProcess.ts"

runChild(workerProcess)
