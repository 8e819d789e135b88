// The service worker, in one file under a name that never changes.

import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    emptyOutDir: false,
    copyPublicDir: false,
    rollupOptions: {
      input: "src/sw.ts",
      output: { format: "iife", entryFileNames: "sw.js" },
    },
  },
});
