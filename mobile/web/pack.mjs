// After the build: names for the service worker everything there is to keep, packs each file as small as it gets, and
// says what a first visit loads. More than the budget fails the build.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const FIRST_LOAD_KILOBYTES = 1500;
const dist = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "dist");

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && ![".br", ".gz"].includes(extname(entry.name)))
  .map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"))
  .sort();

const kept = files.filter((file) => file !== "sw.js");
const manifest = kept.map((file) => ({
  url: `/${file}`,
  // Names under assets/ carry a hash of what is in them already.
  revision: file.startsWith("assets/") ? null : createHash("sha256").update(readFileSync(join(dist, file))).digest("hex"),
}));
const worker = join(dist, "sw.js");
const script = readFileSync(worker, "utf8");
if (!script.includes("self.__WB_MANIFEST")) throw new Error("the service worker has no place for the list of files");
writeFileSync(worker, script.replace("self.__WB_MANIFEST", JSON.stringify(manifest)));

const rows = [];
for (const file of files) {
  const bytes = readFileSync(join(dist, file));
  const packable = ![".png"].includes(extname(file));
  let size = bytes.length;
  if (packable) {
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    writeFileSync(join(dist, `${file}.br`), brotli);
    writeFileSync(join(dist, `${file}.gz`), gzipSync(bytes, { level: 9 }));
    size = brotli.length;
  }
  rows.push([file, bytes.length, size]);
}

const kilobytes = (size) => `${(size / 1000).toFixed(0).padStart(6)} kB`;
for (const [file, size, small] of rows) console.log(`${kilobytes(size)} → ${kilobytes(small)}  ${file}`);
const total = rows.reduce((sum, [, , small]) => sum + small, 0);
console.log(`first load: ${kilobytes(total).trim()} compressed, of ${FIRST_LOAD_KILOBYTES} kB`);
if (total > FIRST_LOAD_KILOBYTES * 1000) {
  console.error("more than a phone on a slow network should wait for");
  process.exit(1);
}
