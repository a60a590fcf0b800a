/** Which store the server has: `store.type`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { layerMemory } from "./MemoryStore.ts"

/** The package of the store on disk is loaded where it is used only: it is native code. */
const layerDisk = (directory: string) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./LmdbStore.ts")),
      (disk) => disk.layerDisk(directory)
    )
  )

export const layerStore = Layer.unwrap(
  Effect.map(ServerConfig, ({ store }) => (store.type === "memory" ? layerMemory : layerDisk(store.path)))
)
