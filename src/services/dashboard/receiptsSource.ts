/** The newest receipts. */
import * as Effect from "effect/Effect"
import { dashboardChannels } from "../../protocol/dashboard.ts"
import { receiptJson } from "../api/schedules/answerJson.ts"
import type { Receipts } from "../receipts/Receipts.ts"
import type { FeedSource } from "./Feed.ts"
import { listText } from "./listText.ts"

const SHOWN = 50

export const receiptsSource = (receipts: Receipts["Service"], now: () => number): FeedSource => ({
  channel: dashboardChannels.receipts,
  everyMs: 1000,
  answersOfNodes: 1,
  read: Effect.map(
    receipts.list({ limit: SHOWN }),
    ({ items }) =>
      () =>
        listText({ at: Math.round(now()) }, items.map(receiptJson))
  ),
  version: receipts.version
})
