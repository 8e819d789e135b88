// Files that somebody chose, as the core reads them: in stretches, from inside the worker, so that a film is never whole
// in memory.

import { asKept } from "./pictures";
import type { Given } from "./client";

/** What the core is handed; see `web/files.rs`. */
export interface ForCore {
  file: ReadableFile;
  name: string;
  poster: Uint8Array | undefined;
}

export class ReadableFile {
  private readonly reader = new FileReaderSync();

  constructor(private readonly file: Blob) {}

  get size(): number {
    return this.file.size;
  }

  read(from: number, to: number): Uint8Array {
    return new Uint8Array(this.reader.readAsArrayBuffer(this.file.slice(from, to)));
  }
}

export async function forCore(given: Given): Promise<ForCore> {
  const file = await asKept(given.file);
  const poster = given.poster ? new Uint8Array(await given.poster.arrayBuffer()) : undefined;
  return { file: new ReadableFile(file), name: given.name, poster };
}
