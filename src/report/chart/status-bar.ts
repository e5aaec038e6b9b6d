import { STATUSES, type Status } from '../../domain/settlement.ts'
import { count, statusWord } from '../page/format.ts'
import type { Html } from '../page/html.ts'
import { bothWidths, rect, WIDTHS, type Width } from './frame.ts'

const HEIGHT = 30
/** One event of a million is still to be seen. */
const LEAST_WIDTH = 5

/** All rows of the run as one bar, in the order of the statuses. A part that would be too thin to be seen is drawn thicker. */
export function statusBar(counts: Record<Status, number>): Html {
  const present = STATUSES.filter((status) => counts[status] > 0)
  const description = `${present.map((status) => `${count(counts[status])} ${statusWord(status)}`).join(', ')}.`
  const words = { id: 'status-bar', title: 'Rows by status', description }
  return bothWidths(words, HEIGHT, (width) => drawing(counts, present, width))
}

function drawing(counts: Record<Status, number>, present: readonly Status[], width: Width): Html[] {
  const all = present.reduce((sum, status) => sum + counts[status], 0)
  const room = WIDTHS[width] - LEAST_WIDTH * present.length
  let left = 0
  return present.map((status) => {
    const part = LEAST_WIDTH + (counts[status] / all) * room
    left += part
    return rect(`status ${status}`, left - part, 2, part - 1.5, HEIGHT - 4)
  })
}
