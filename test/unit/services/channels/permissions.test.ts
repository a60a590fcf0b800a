import { describe, expect, it } from "vitest"
import type { ChannelOptions } from "../../../../src/config/channelKeys.ts"
import { ErrorCodes } from "../../../../src/protocol/codes.ts"
import {
  isGranted,
  mayPublish,
  mayReadHistory,
  mayReadPresence,
  maySubscribe
} from "../../../../src/services/channels/permissions.ts"
import { configWith } from "../../../support/configurations.ts"

const builtIn = configWith().channels.withoutNamespace
const optionsWith = (options: Partial<ChannelOptions>): ChannelOptions => ({ ...builtIn, ...options })

const { permissionDenied: denied, notAvailable } = ErrorCodes

type Subscriber = Parameters<typeof maySubscribe>[0]
type Publisher = Parameters<typeof mayPublish>[0]

interface SubscribeCase extends Partial<Omit<Subscriber, "options" | "facts">> {
  readonly options?: Partial<ChannelOptions>
  readonly isPrivate?: boolean
  readonly users?: ReadonlyArray<string>
}

const subscribing = ({ options = {}, isPrivate = false, users, ...rest }: SubscribeCase) =>
  maySubscribe({
    options: optionsWith(options),
    facts: { isPrivate, users },
    user: "42",
    hasToken: false,
    hasBackend: false,
    isInsecure: false,
    ...rest
  })

const open = { allowSubscribeForClient: true }
const limited = { allowUserLimitedChannels: true }
const users = ["41", "42"]

describe("who may subscribe", () => {
  it.each<[string, SubscribeCase, ReturnType<typeof maySubscribe>]>([
    ["nobody, by default", {}, denied],
    ["nobody in particular neither", { user: "" }, denied],

    ["whoever has a token", { hasToken: true }, "allowed"],
    ["also to a private channel", { hasToken: true, isPrivate: true }, "allowed"],
    ["also to a channel that lists others", { hasToken: true, options: limited, users: ["1"] }, "allowed"],
    ["the backend is not asked then", { hasToken: true, hasBackend: true }, "allowed"],
    ["anonymous with a token", { hasToken: true, user: "" }, "allowed"],

    ["nobody without a token to a private channel", { isPrivate: true, options: open }, denied],
    ["not by the backend", { isPrivate: true, hasBackend: true }, denied],
    ["not by the name", { isPrivate: true, options: limited, users }, denied],
    ["not by an insecure server", { isPrivate: true, isInsecure: true }, denied],

    ["a user that the name lists", { options: limited, users }, "allowed"],
    ["without the backend", { options: limited, users, hasBackend: true }, "allowed"],
    ["not one that it does not list", { options: limited, users, user: "4" }, denied],
    [
      "not one it does not list by the options",
      { options: { ...limited, ...open }, users, user: "1" },
      denied
    ],
    [
      "not one it does not list by the backend",
      { options: limited, users, user: "1", hasBackend: true },
      denied
    ],
    [
      "not one it does not list by an insecure server",
      { options: limited, users, user: "1", isInsecure: true },
      denied
    ],
    ["not the anonymous by an empty list", { options: limited, users: [""], user: "" }, denied],
    ["a list means nothing where it is off", { users: ["1"], options: open }, "allowed"],
    ["a list alone means nothing where it is off", { users }, denied],
    ["channels without a list go on", { options: { ...limited, ...open } }, "allowed"],

    ["the backend decides", { hasBackend: true }, "askBackend"],
    ["before the options", { hasBackend: true, options: open }, "askBackend"],
    ["also where the server is insecure", { hasBackend: true, isInsecure: true }, "askBackend"],
    [
      "a backend that is wanted and not there",
      { options: { ...open, subscribeProxyEnabled: true } },
      notAvailable
    ],
    ["a backend that is there", { hasBackend: true, options: { subscribeProxyEnabled: true } }, "askBackend"],

    ["any user, by the options", { options: open }, "allowed"],
    ["not the anonymous by the same", { options: open, user: "" }, denied],
    [
      "the anonymous by both",
      { options: { ...open, allowSubscribeForAnonymous: true }, user: "" },
      "allowed"
    ],
    [
      "the anonymous not by theirs alone",
      { options: { allowSubscribeForAnonymous: true }, user: "" },
      denied
    ],
    ["a user not by that of the anonymous", { options: { allowSubscribeForAnonymous: true } }, denied],

    ["everyone, where the server is insecure", { isInsecure: true }, "allowed"],
    ["the anonymous, where the server is insecure", { isInsecure: true, user: "" }, "allowed"]
  ])("%s", (_, asked, decision) => {
    expect(subscribing(asked)).toEqual(decision)
  })
})

interface PublishCase extends Partial<Omit<Publisher, "options">> {
  readonly options?: Partial<ChannelOptions>
}

const participant = ({ options = {}, ...rest }: PublishCase): Publisher => ({
  options: optionsWith(options),
  user: "42",
  isSubscribed: false,
  hasBackend: false,
  isInsecure: false,
  ...rest
})

/** The same rules for all three, by the options of each. */
describe.each(["Publish", "Presence", "History"] as const)("%s in a channel is granted", (what) => {
  const forClient = { [`allow${what}ForClient`]: true }
  const forSubscriber = { [`allow${what}ForSubscriber`]: true }
  const forAnonymous = { [`allow${what}ForAnonymous`]: true }
  const others = ["Publish", "Presence", "History"].filter((other) => other !== what)
  const allButThese = Object.fromEntries(
    others.flatMap((other) =>
      ["Client", "Subscriber", "Anonymous"].map((whom) => [`allow${other}For${whom}`, true])
    )
  )

  it.each<[string, PublishCase, boolean]>([
    ["to nobody, by default", {}, false],
    ["not to subscribers either", { isSubscribed: true }, false],
    ["not by the options of other things", { options: allButThese, isSubscribed: true }, false],
    ["to clients", { options: forClient }, true],
    ["to subscribers who are clients", { options: forClient, isSubscribed: true }, true],
    ["to subscribers", { options: forSubscriber, isSubscribed: true }, true],
    ["not to others then", { options: forSubscriber }, false],
    ["not to the anonymous as clients", { options: forClient, user: "" }, false],
    ["not to the anonymous as subscribers", { options: forSubscriber, user: "", isSubscribed: true }, false],
    ["to the anonymous as clients, by both", { options: { ...forClient, ...forAnonymous }, user: "" }, true],
    [
      "to the anonymous as subscribers, by both",
      { options: { ...forSubscriber, ...forAnonymous }, user: "", isSubscribed: true },
      true
    ],
    [
      "not to the anonymous who are not subscribed",
      { options: { ...forSubscriber, ...forAnonymous }, user: "" },
      false
    ],
    ["not to the anonymous by theirs alone", { options: forAnonymous, user: "", isSubscribed: true }, false],
    ["to everyone, where the server is insecure", { isInsecure: true, user: "" }, true]
  ])("%s", (_, asked, isAllowed) => {
    expect(isGranted(what, participant(asked))).toBe(isAllowed)
  })
})

describe("who may publish", () => {
  const own = { allowPublishForClient: true }

  it.each<[string, PublishCase, ReturnType<typeof mayPublish>]>([
    ["nobody, by default", {}, denied],
    ["by the options", { options: own }, "allowed"],
    ["by an insecure server", { isInsecure: true }, "allowed"],
    ["the backend decides", { hasBackend: true }, "askBackend"],
    ["before the options", { hasBackend: true, options: own }, "askBackend"],
    ["also where the server is insecure", { hasBackend: true, isInsecure: true }, "askBackend"],
    [
      "a backend that is wanted and not there",
      { options: { ...own, publishProxyEnabled: true } },
      notAvailable
    ]
  ])("%s", (_, asked, decision) => {
    expect(mayPublish(participant(asked))).toEqual(decision)
  })
})

describe("who may read", () => {
  const history = { historySize: 1, historyTtl: configWith().sending.timer.delay }

  it("presence, where it is kept and granted", () => {
    const granted = { allowPresenceForClient: true }
    expect(mayReadPresence(participant({ options: granted }))).toBe(notAvailable)
    expect(mayReadPresence(participant({ isInsecure: true }))).toBe(notAvailable)
    expect(mayReadPresence(participant({ options: { presence: true } }))).toBe(denied)
    expect(mayReadPresence(participant({ options: { ...granted, presence: true } }))).toBe("allowed")
    expect(mayReadPresence(participant({ options: { presence: true }, isInsecure: true }))).toBe("allowed")
  })

  it("history, where it is kept and granted", () => {
    const granted = { allowHistoryForClient: true }
    expect(mayReadHistory(participant({ options: granted }))).toBe(notAvailable)
    expect(mayReadHistory(participant({ options: { ...granted, historySize: 1 } }))).toBe(notAvailable)
    expect(mayReadHistory(participant({ isInsecure: true }))).toBe(notAvailable)
    expect(mayReadHistory(participant({ options: history }))).toBe(denied)
    expect(mayReadHistory(participant({ options: { ...granted, ...history } }))).toBe("allowed")
  })
})
