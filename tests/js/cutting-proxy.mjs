// A TCP proxy that cuts: every connection through it dies after a number of bytes drawn from a seed, now on the way
// to the relay (a body breaks off), now on the way back (an answer is lost).

import net from 'node:net'

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Listens on a free port and passes bytes on to `target` (a URL). Up to `upTo` bytes of a body get through before the
 * cut; one connection in three loses the answer instead. Resolves to `{ url, cuts(), close() }`.
 */
export async function startCuttingProxy({ target, seed, upTo }) {
  const draw = seeded(seed)
  const { hostname, port, pathname } = new URL(target)
  const open = new Set()
  let cuts = 0

  const server = net.createServer((client) => {
    const relay = net.connect({ host: hostname, port: Number(port || 80) })
    const losesAnswer = draw() < 1 / 3
    const allowance = Math.floor(draw() * (losesAnswer ? 600 : upTo))
    pass(client, relay, losesAnswer ? Infinity : 600 + allowance)
    pass(relay, client, losesAnswer ? allowance : Infinity)
    for (const socket of [client, relay]) {
      open.add(socket)
      // A broken line is what this proxy is for; both ends fall together.
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        relay.destroy()
      })
    }
  })

  function pass(from, to, allowance) {
    let left = allowance
    from.on('data', (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length
        if (!to.write(bytes)) from.pause()
        return
      }
      cuts += 1
      // What is allowed still arrives; the end is abrupt.
      to.write(bytes.subarray(0, left), () => {
        from.destroy()
        to.destroy()
      })
      from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${server.address().port}${pathname}`,
    cuts: () => cuts,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        for (const socket of open) socket.destroy()
      }),
  }
}
