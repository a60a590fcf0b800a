/** Where Chromium is: what `CLARION_CHROMIUM` names, or where Debian and others put it. */
import { existsSync } from "node:fs"

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

const named = process.env.CLARION_CHROMIUM

/** Undefined where there is none. One that is named has to be there. */
export const chromiumPath: string | undefined = named ?? PLACES.find((path) => existsSync(path))

export const WHY_SKIPPED = `no Chromium: set CLARION_CHROMIUM, or install one of ${PLACES.join(", ")}`
