// The judge of the relay's uploads: tus-js-client as it comes from npm, in every mode, over every line.
//
//   node client.mjs <plan.json>
//
// The plan: { token, piece, folder, lines: [{ name, endpoint }] }. For each line and each mode below, `folder` holds a
// file of its own, `<line>-<mode>`; the token's device may bring all of them for the piece. Ends with "N passed, N failed".
// `node client.mjs --modes` prints the modes.

import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import * as tus from 'tus-js-client'

const CHUNK = 96 * 1024
/** At once, and often: what is tried is how the relay takes it, not how long one waits. */
const AGAIN_AT_ONCE = Array(200).fill(0)

const modes = {
  buffer: (file) => upload(file),
  chunked: (file) => upload(file, { chunkSize: CHUNK }),
  stream: (file) => upload(file, { source: stream(file), chunkSize: CHUNK, uploadSize: file.bytes.length }),
  'creation-with-upload': (file) => upload(file, { uploadDataDuringCreation: true }),
  'creation-with-upload-chunked': (file) => upload(file, { uploadDataDuringCreation: true, chunkSize: CHUNK }),
  'deferred-length': (file) => upload(file, { source: stream(file), chunkSize: CHUNK, uploadLengthDeferred: true }),
  parallel: (file) => upload(file, { parallelUploads: 4 }),
  'parallel-chunked': (file) =>
    upload(file, { parallelUploads: 3, chunkSize: CHUNK, metadataForPartialUploads: { part: 'one of three' } }),
  'method-override': (file) => upload(file, { overridePatchMethod: true, chunkSize: CHUNK }),
  empty: (file) => upload(file),
  'empty-deferred': (file) => upload(file, { uploadLengthDeferred: true }),

  async 'abort-and-resume'(file) {
    await remembered(async (urlStorage) => {
      const url = await uploadAndAbort(file, { urlStorage })
      const again = prepare(file, { urlStorage })
      const [previous] = await again.upload.findPreviousUploads()
      expect(previous, 'the earlier upload is remembered')
      again.upload.resumeFromPreviousUpload(previous)
      again.upload.start()
      expect((await again.done).split('/').pop() === url.split('/').pop(), 'the same upload went on')
    })
  },

  async 'abort-and-resume-parallel'(file) {
    await remembered(async (urlStorage) => {
      const options = { urlStorage, parallelUploads: 3, chunkSize: CHUNK }
      const first = prepare(file, options)
      const urls = new Promise((resolve) => {
        first.upload.options.urlStorage = {
          ...wrap(urlStorage),
          async addUpload(fingerprint, record) {
            const key = await urlStorage.addUpload(fingerprint, record)
            resolve(record.parallelUploadUrls)
            return key
          },
        }
      })
      first.upload.start()
      await Promise.race([urls, first.done])
      await first.upload.abort()
      const again = prepare(file, options)
      const [previous] = await again.upload.findPreviousUploads()
      expect(previous?.parallelUploadUrls.length === 3, 'the three stretches are remembered')
      again.upload.resumeFromPreviousUpload(previous)
      again.upload.start()
      await again.done
    })
  },

  async terminate(file) {
    const url = await uploadAndAbort(file)
    const ended = tus.Upload.terminate(url, { headers: authorization(), retryDelays: AGAIN_AT_ONCE })
    // It may have ended it already when the answer was lost: then there is nothing to end.
    await ended.catch((error) => expect(error.originalResponse?.getStatus() === 404, error.message))
    const answer = await insist(() => head(url))
    expect(answer.status === 404, `the upload is gone, not ${answer.status}`)
    await upload(file)
  },
}

if (process.argv[2] === '--modes') {
  console.log(Object.keys(modes).join('\n'))
  process.exit(0)
}

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'))
let endpoint
let [passed, failed, stores] = [0, 0, 0]
for (const line of plan.lines) {
  endpoint = line.endpoint
  for (const [name, mode] of Object.entries(modes)) {
    const path = join(plan.folder, `${line.name}-${name}`)
    try {
      await mode({ path, bytes: readFileSync(path) })
      passed += 1
    } catch (error) {
      failed += 1
      console.log(`FAILED  ${line.name} ${name}: ${error.stack}`)
    }
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

/** Uploads the whole file; resolves to its url. */
async function upload(file, options) {
  const prepared = prepare(file, options)
  prepared.upload.start()
  return prepared.done
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

function prepare(file, { source, ...options } = {}) {
  let upload
  const done = new Promise((resolve, reject) => {
    // The client gives up a joined upload when the line breaks under its last request: an app starts it again.
    let starts = 0
    upload = new tus.Upload(source ?? file.bytes, {
      endpoint,
      headers: authorization(),
      metadata: { hash: `sha256:${createHash('sha256').update(file.bytes).digest('hex')}`, piece: plan.piece },
      retryDelays: AGAIN_AT_ONCE,
      onSuccess: () => resolve(upload.url),
      onError(error) {
        starts += 1
        const answered = error.originalResponse?.getStatus()
        if (!options.parallelUploads || answered || starts > AGAIN_AT_ONCE.length) return reject(error)
        upload.start()
      },
      ...options,
    })
  })
  return { upload, done }
}

/** Piped: the client never hears the end of a file's own stream when it doesn't know its length. */
function stream(file) {
  return createReadStream(file.path).pipe(new PassThrough())
}

/** A url storage of its own; what an upload that was stopped still writes there disturbs nobody. */
function remembered(run) {
  stores += 1
  return run(new tus.FileUrlStorage(join(plan.folder, `uploads-${stores}.json`)))
}

/** A url storage whose methods can be replaced one by one. */
function wrap(storage) {
  const names = ['findAllUploads', 'findUploadsByFingerprint', 'removeUpload', 'addUpload']
  return Object.fromEntries(names.map((name) => [name, (...args) => storage[name](...args)]))
}

/** Asks until an answer comes through. */
async function insist(ask) {
  for (const _ of AGAIN_AT_ONCE) {
    const answer = await ask().catch(() => undefined)
    if (answer) return answer
  }
  throw new Error('no answer came through')
}

function head(url) {
  return fetch(url, { method: 'HEAD', headers: { ...authorization(), 'tus-resumable': '1.0.0' } })
}

function authorization() {
  return { authorization: `Bearer ${plan.token}` }
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise)
}
