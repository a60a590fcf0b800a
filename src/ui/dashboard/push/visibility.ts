/** Whether somebody can see the page: one that is hidden hears nothing and costs nothing. */
import { cell } from "../../parts/cell.ts"

const isVisibleNow = () => document.visibilityState === "visible"

export const isVisible = cell(isVisibleNow())

document.addEventListener("visibilitychange", () => isVisible.set(isVisibleNow()))
