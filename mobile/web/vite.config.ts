// How the pages become files. The relay serves dist/ under a strict policy: nothing inline, nothing from elsewhere.

import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** What the pages may weigh, gzipped, JavaScript and CSS together. The worker and its WebAssembly are not counted. */
const PAGES_KILOBYTES = 145;

export default defineConfig({
  plugins: [svelte(), budget()],
  build: {
    target: "es2022",
    // Inlined assets would be data: scripts and styles; the preload polyfill would be an inline one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  worker: { format: "es" },
});

/** Prints what the pages weigh, and fails the build when that is more than a phone on a slow network should wait for. */
function budget(): Plugin {
  return {
    name: "fieldfolio-budget",
    apply: "build",
    writeBundle(_, bundle) {
      let bytes = 0;
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") bytes += gzipSync(file.code).length;
        else if (file.fileName.endsWith(".css")) bytes += gzipSync(file.source).length;
      }
      const kilobytes = bytes / 1024;
      const line = `pages weigh ${kilobytes.toFixed(1)} KB gzipped of ${PAGES_KILOBYTES} KB`;
      if (kilobytes > PAGES_KILOBYTES) this.error(line);
      console.log(line);
    },
  };
}
