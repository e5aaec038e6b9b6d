// Reads the summary of a second run and fails if it sent anything.
import { text } from 'node:stream/consumers'

const output = await text(process.stdin)
const summary = JSON.parse(output.slice(output.indexOf('{')))
process.stdout.write(`second run: ${summary.requests} requests, ${JSON.stringify(summary.counts)}\n`)
if (summary.requests !== 0 || summary.exit_code !== 0) process.exit(1)
