// The judge of many documents at once: each file of a folder holds the changes of one, one after the other.
//
//   node heads.mjs <folder>
//
// Loads each, saves it, loads that again, and prints the heads of all by name as one line of JSON.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as Automerge from '@automerge/automerge'

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node heads.mjs <folder>')
  process.exit(2)
}

const twice = (name) => {
  try {
    const document = Automerge.load(readFileSync(join(folder, name)))
    return [document, Automerge.load(Automerge.save(document))]
  } catch (error) {
    throw new Error(`${name} can't be loaded`, { cause: error })
  }
}

const heads = {}
for (const name of readdirSync(folder)) {
  const [document, again] = twice(name)
  heads[name] = Automerge.getHeads(document).toSorted()
  if (JSON.stringify(Automerge.getHeads(again).toSorted()) !== JSON.stringify(heads[name])) {
    throw new Error(`${name} has other heads after it was saved`)
  }
  // Whoever shows it reads all of it.
  JSON.stringify(again)
  Automerge.free(document)
  Automerge.free(again)
}
console.log(JSON.stringify(heads))
