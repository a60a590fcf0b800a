/** The dashboard, as somebody uses it. */
import type { Locator, Page } from "playwright-core"
import { API_KEY } from "../server/ServerProcess.ts"
import type { Open, OpenOptions } from "./inBrowser.ts"

export const VIEWS = [
  "Overview",
  "Actors",
  "Channels",
  "Schedules",
  "Receipts",
  "Slow consumers",
  "Publish"
] as const

/** The link that the server prints at its first start. @param view part of the address of a view: "/schedules" */
export const startLink = (port: number): string =>
  `http://127.0.0.1:${port}/#key=${encodeURIComponent(API_KEY)}`

export class DashboardPage {
  constructor(readonly page: Page) {}

  /** Logged in by the link, and connected. */
  static async open(open: Open, port: number, options?: OpenOptions): Promise<DashboardPage> {
    const dashboard = new DashboardPage(await open(startLink(port), options))
    await dashboard.isLive()
    return dashboard
  }

  async isLive(): Promise<void> {
    await this.page.locator(".link-state.up").waitFor()
  }

  /** Goes to a view by its link, and waits for its heading. */
  async goTo(view: (typeof VIEWS)[number]): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link", { name: view, exact: true }).click()
    await this.page.getByRole("heading", { level: 1, name: view, exact: true }).waitFor()
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true })
  }

  /** A tile of the overview, when it has this value. */
  tile(name: string, value: string | RegExp): Promise<void> {
    return this.page
      .locator(".tile")
      .filter({ has: this.page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
      .locator("dd:not(.more)", { hasText: typeof value === "string" ? new RegExp(`^${value}$`) : value })
      .waitFor()
  }

  /** When the page says this, wherever. */
  async says(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor()
  }

  async logIn(label: "Password" | "API key", secret: string): Promise<void> {
    await this.page
      .getByLabel(label, { exact: true })
      .and(this.page.locator("input:not([type=radio])"))
      .fill(secret)
    await this.button("Log in").click()
  }
}
