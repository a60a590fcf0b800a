import { cell } from "../parts/cell.ts"
import { useCell } from "../parts/useCell.ts"
import { type Route, routeOf } from "./routes.ts"

const route = cell(routeOf(location.hash))
addEventListener("hashchange", () => route.set(routeOf(location.hash)))

export const useRoute = (): Route => useCell(route)
