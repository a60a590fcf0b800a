/** What is known of the machine, as plain data. Undefined: it could not be read, and nothing is concluded from it. */
export interface MachineFacts {
  /** `ulimit -n` of this process, which its children inherit. Node raises the soft limit to the hard one at start. */
  readonly openFiles: number | undefined
  /** `ulimit -u`: threads of this user. Undefined for root as well, whom it does not bind. */
  readonly userThreads: number | undefined
  /** `fs.nr_open`: what `ulimit -n` can be raised to. */
  readonly nrOpen: number | undefined
  /** `fs.file-max`, and how many of them are open. */
  readonly fileMax: number | undefined
  readonly filesInUse: number | undefined
  /** `kernel.pid_max`, of which threads take one each, and threads there are. */
  readonly pidMax: number | undefined
  readonly threadsInUse: number | undefined
  /** Threads that the control groups of this process still allow. Infinity: no limit. */
  readonly groupThreads: number | undefined
  readonly somaxconn: number | undefined
  /** `net.ipv4.tcp_syncookies`; 0 is off. */
  readonly synCookies: number | undefined
  readonly maxSynBacklog: number | undefined
  /** The middle value of `net.ipv4.tcp_mem`, in pages: above it the kernel trims the queues of all sockets. */
  readonly tcpMemPressure: number | undefined
  /** `net.ipv4.ip_local_port_range` and `ip_local_reserved_ports`. */
  readonly localPorts: { readonly first: number; readonly last: number } | undefined
  readonly reservedPorts: string | undefined
  /** Entries of the connection tracking table. Undefined: the machine has none. */
  readonly conntrack: { readonly max: number; readonly count: number } | undefined
  /** TCP connections that are established now. */
  readonly established: number | undefined
  /** Bytes that can be had without swapping. */
  readonly memoryAvailable: number | undefined
  /** Bytes that the control groups of this process still allow. Infinity: no limit. */
  readonly groupMemory: number | undefined
  /** Cores this process may run on, and how many of them a quota grants. Infinity: no quota. */
  readonly cores: number
  readonly groupCores: number | undefined
  /** Addresses of this machine. */
  readonly addresses: ReadonlyArray<string>
  /** A network interface that further addresses can be given to. */
  readonly device: string | undefined
}
