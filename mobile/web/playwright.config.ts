// Journeys in a real browser against a real relay: Debian's Chromium, or the one FIELDFOLIO_CHROMIUM names.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "journeys",
  // Emptied by each run; the pictures of screens lie beside it.
  outputDir: "../../tests/artefacts/web/runs",
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    actionTimeout: 15_000,
    trace: "off",
    launchOptions: {
      executablePath: process.env.FIELDFOLIO_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // A microphone that beeps, for voice notes.
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
      ],
    },
  },
});
