// The judge of our documents: automerge as it comes from npm, which knows nothing of us.
//
//   node automerge.mjs <content> <voice> <edited>
//
// Opens an exported content document and a voice, prints what plain JavaScript sees in them as one line of JSON, then
// edits the words and writes the content, as a whole document, to the third file.

import { readFileSync, writeFileSync } from 'node:fs'
import * as Automerge from '@automerge/automerge'

const [contentFile, voiceFile, editedFile] = process.argv.slice(2)
if (!editedFile) {
  console.error('usage: node automerge.mjs <content> <voice> <edited>')
  process.exit(2)
}

const content = Automerge.load(readFileSync(contentFile))
const voice = Automerge.load(readFileSync(voiceFile))
const edited = Automerge.change(content, (doc) => {
  Automerge.updateText(doc, ['words'], `${doc.words} 🌱 And so do we.`)
})
writeFileSync(editedFile, Automerge.save(edited))
console.log(
  JSON.stringify({
    title: content.title,
    words: content.words,
    tags: Object.keys(content.tags),
    media: Object.keys(content.media).length,
    fields: content.fields,
    heads: Automerge.getHeads(content).toSorted(),
    entries: voice.entries,
    edited: edited.words,
  }),
)
