// The judge of the relay's uploads: tus-js-client as it comes from npm, in every mode we promise.
//
//   node tus.mjs <endpoint> <token> <piece uuid> <files…>
//
// Among the files must be an empty one and one of at least 1 MiB. The token's device must be allowed to bring all of
// them for the piece. SEED chooses where the cutting proxy cuts; the seed is printed. Ends with "N passed, N failed".

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as tus from 'tus-js-client'

import { startCuttingProxy } from './cutting-proxy.mjs'

const CHUNK = 256 * 1024
/** At once, and often: what is tried is how the relay takes it, not how long one waits. */
const AGAIN_AT_ONCE = Array(60).fill(0)

const [endpoint, token, piece, ...paths] = process.argv.slice(2)
const files = paths.map((path) => ({ name: basename(path), bytes: readFileSync(path) }))
const photos = files.filter((file) => file.bytes.length > 0)
const photo = files.find((file) => file.bytes.length >= 1024 * 1024)
const empty = files.find((file) => file.bytes.length === 0)
if (!piece || !photo || !empty) {
  console.error('usage: node tus.mjs <endpoint> <token> <piece uuid> <files…>')
  console.error('       one of the files must be empty, and one must have at least 1 MiB')
  process.exit(2)
}
const seed = Number(process.env.SEED ?? 1)

const modes = {
  async single() {
    for (const file of photos) await upload(file)
  },

  async chunked() {
    await upload(photo, { chunkSize: CHUNK })
  },

  async 'creation with upload'() {
    for (const file of photos) await upload(file, { uploadDataDuringCreation: true })
  },

  async 'creation with upload, chunked'() {
    await upload(photo, { uploadDataDuringCreation: true, chunkSize: CHUNK })
  },

  async 'method override'() {
    await upload(photo, { overridePatchMethod: true, chunkSize: CHUNK })
  },

  async 'empty file'() {
    await upload(empty)
  },

  async 'abort, then resume by url'() {
    const url = await uploadAndAbort(photo)
    const offset = await offsetOf(url)
    expect(offset > 0 && offset < photo.bytes.length, `a part is kept, not ${offset}`)
    const resumed = await upload(photo, { uploadUrl: url })
    expect(resumed === url, 'the same upload went on')
  },

  async 'abort, then resume from storage'() {
    const folder = mkdtempSync(join(tmpdir(), 'tus-'))
    try {
      const urlStorage = new tus.FileUrlStorage(join(folder, 'uploads.json'))
      const url = await uploadAndAbort(photo, { urlStorage })
      const again = prepare(photo, { urlStorage })
      const [previous] = await again.upload.findPreviousUploads()
      expect(previous, 'the earlier upload is remembered')
      again.upload.resumeFromPreviousUpload(previous)
      again.upload.start()
      expect((await again.done) === url, 'the same upload went on')
    } finally {
      rmSync(folder, { recursive: true })
    }
  },

  async 'single, through cuts'() {
    await throughCuts(async (options) => {
      for (const file of photos) await upload(file, options)
    })
  },

  async 'chunked, through cuts'() {
    await throughCuts((options) => upload(photo, { ...options, chunkSize: CHUNK }))
  },

  async 'creation with upload, through cuts'() {
    // Small chunks: a client that never hears the upload's address can't go on with it.
    await throughCuts((options) => upload(photo, { ...options, chunkSize: CHUNK / 4, uploadDataDuringCreation: true }))
  },

  async terminate() {
    const url = await uploadAndAbort(photo)
    await tus.Upload.terminate(url, { headers: authorization(), retryDelays: [] })
    const answer = await head(url)
    expect(answer.status === 404, `the upload is gone, not ${answer.status}`)
  },
}

let failed = 0
for (const [name, mode] of Object.entries(modes)) {
  try {
    await mode()
    console.log(`ok      ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED  ${name} (seed ${seed}): ${error.message}`)
  }
}
console.log(`${Object.keys(modes).length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

/** Uploads the whole file and has the relay confirm it; resolves to its url. */
async function upload(file, options) {
  const prepared = prepare(file, options)
  prepared.upload.start()
  const url = await prepared.done
  const direct = new URL(new URL(url).pathname, endpoint).href
  const offset = await offsetOf(direct)
  expect(offset === file.bytes.length, `${file.name}: ${offset} of ${file.bytes.length} bytes are there`)
  return url
}

/** Stops after the first chunk, as a person who closes the app does; resolves to the url. */
async function uploadAndAbort(file, options) {
  const prepared = prepare(file, { ...options, chunkSize: CHUNK })
  const stopped = new Promise((resolve, reject) => {
    prepared.upload.options.onChunkComplete = () => prepared.upload.abort().then(resolve, reject)
  })
  prepared.upload.start()
  const finished = await Promise.race([stopped.then(() => false), prepared.done.then(() => true)])
  expect(!finished, 'the upload was to be stopped before its end')
  return prepared.upload.url
}

function prepare(file, options) {
  let upload
  const done = new Promise((resolve, reject) => {
    upload = new tus.Upload(file.bytes, {
      endpoint,
      headers: authorization(),
      metadata: { hash: `sha256:${createHash('sha256').update(file.bytes).digest('hex')}`, piece },
      retryDelays: [],
      onSuccess: () => resolve(upload.url),
      onError: reject,
      ...options,
    })
  })
  return { upload, done }
}

async function throughCuts(run) {
  const proxy = await startCuttingProxy({ target: endpoint, seed, upTo: photo.bytes.length / 3 })
  try {
    await run({ endpoint: proxy.url, retryDelays: AGAIN_AT_ONCE })
    expect(proxy.cuts() > 0, 'the line was to break at least once')
  } finally {
    await proxy.close()
  }
}

async function offsetOf(url) {
  const answer = await head(url)
  expect(answer.status === 200, `HEAD answered ${answer.status}`)
  return Number(answer.headers.get('upload-offset'))
}

function head(url) {
  return fetch(url, { method: 'HEAD', headers: { ...authorization(), 'tus-resumable': '1.0.0' } })
}

function authorization() {
  return { authorization: `Bearer ${token}` }
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise)
}
