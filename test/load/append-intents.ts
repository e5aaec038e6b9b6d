import { writeSync } from 'node:fs'
import { FolderDisk } from '../../src/load/disk.ts'
import { Journal } from '../../src/load/journal.ts'
import { intentRow } from './journal-rows.ts'

/** Appends intents to the journal in a folder until it is killed, and prints the number of each once it is durable. */
const [folder, first] = process.argv.slice(2)
const { journal } = await Journal.open(new FolderDisk(folder!), 'owner', 'run')
let next = Number(first)

function appendOne(): void {
  const number = next++
  journal.intent(intentRow(number), () => {
    writeSync(1, `${number}\n`)
    appendOne()
  })
}
for (let writers = 0; writers < 16; writers++) appendOne()
