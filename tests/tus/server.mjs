// The server of tus's makers, with the limits that our relay has: what our answers are laid beside.
//
//   node server.mjs <folder> <bytes at most>
//
// Prints "listening on http://…" and serves until its standard input ends.

import http from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const [folder, most] = process.argv.slice(2)
const WEEK = 7 * 24 * 60 * 60 * 1000
const tus = new Server({
  path: '/v1/uploads',
  relativeLocation: true,
  maxSize: Number(most),
  datastore: new FileStore({ directory: folder, expirationPeriodInMilliseconds: WEEK }),
})
const server = http.createServer((request, response) => tus.handle(request, response))
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
