/** The demo page, as a visitor uses it. */
import type { Locator, Page } from "playwright-core"

export const DEMO_ARGS = ["--demo.enabled", "true", "--client.allowAnonymousConnectWithoutToken", "true"]

export type PaneName = "raw" | "sdk" | "events"
export const PANES: ReadonlyArray<PaneName> = ["raw", "sdk", "events"]

export class DemoPage {
  constructor(readonly page: Page) {}

  pane(name: PaneName): Locator {
    return this.page.locator(`[data-pane=${name}]`)
  }

  /** When this is the state of the connection. */
  async is(name: PaneName, state: "off" | "on" | "away" | "refused"): Promise<void> {
    await this.page.locator(`[data-pane=${name}][data-state=${state}]`).waitFor()
  }

  async areConnected(names: ReadonlyArray<PaneName> = PANES): Promise<void> {
    for (const name of names) await this.is(name, "on")
  }

  async send(text: string): Promise<void> {
    await this.page.getByLabel("Message", { exact: true }).fill(text)
    await this.button("Send").click()
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true })
  }

  /** The line with this text, when it is there. */
  async line(name: PaneName, text: string): Promise<Locator> {
    const line = this.pane(name).locator("li").filter({ hasText: text }).first()
    await line.waitFor()
    return line
  }

  /** When a count says this. */
  async counts(
    name: PaneName,
    label: "Received" | "Recovered" | "Missed",
    value: number | string
  ): Promise<void> {
    const count = this.pane(name)
      .locator("dl > div")
      .filter({ hasText: new RegExp(`^${label}${value}$`) })
    await count.waitFor()
  }
}
