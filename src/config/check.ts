import { type Field, fields, fieldsByPath } from './fields.ts'
import type { GivenSettings } from './given.ts'
import { type Problem, shown } from './problem.ts'

const withoutFullStop = (sentence: string) => sentence.replace(/\.$/, '')

function checkField(field: Field, given: GivenSettings): Problem | null {
  const setting = given.get(field.path)
  if (!setting && 'defaultValue' in field) return null
  const allowed = `allowed is ${field.allowed}`
  if (!setting) {
    const example = field.example === undefined ? '' : `, such as ${field.example}`
    return {
      where: null,
      message: `${field.path} is missing (${withoutFullStop(field.description)}); ${allowed}${example}`,
    }
  }
  if (field.accepts(setting.value)) return null
  return { where: setting.where, message: `${field.path} is ${shown(setting.value)}; ${allowed}` }
}

/**
 * Takes out what belongs to the other kind of warehouse. That is a slip, except where the environment switches
 * `warehouse.type`: then the file's keys of the other kind simply do not count.
 */
function checkWarehouse(given: GivenSettings): Problem[] {
  const type = given.get('warehouse.type')
  const foreign = fields.filter(
    ({ warehouseType }) => warehouseType !== null && warehouseType !== type?.value,
  )
  return foreign.flatMap((field) => {
    const setting = given.get(field.path)
    if (!setting || !type || !fieldsByPath.get('warehouse.type')?.accepts(type.value)) return []
    given.delete(field.path)
    if (type.origin === 'environment' && setting.origin === 'file') return []
    return [
      { where: setting.where, message: `${field.path} is only for warehouse.type ${field.warehouseType}` },
    ]
  })
}

/** Each number is valid by itself; together they would never do what their author expects. */
function checkTogether(given: GivenSettings): Problem[] {
  const number = (path: string) => {
    const field = fieldsByPath.get(path)
    const value = given.has(path) ? given.get(path)?.value : field?.defaultValue
    return field?.accepts(value) ? (value as number) : Number.NaN
  }
  const problem = (paths: string[], message: string): Problem => {
    const mended = paths.find((path) => given.has(path))
    return { where: (mended && given.get(mended)?.where) ?? null, message }
  }
  const [maxAge, retry] = ['delivery.max_age_days', 'delivery.device_not_found_retry_days'] as const
  const [hold, settle] = ['delivery.in_doubt_hold_hours', 'delivery.settle_minutes'] as const
  const age = `${maxAge} (${number(maxAge)})`
  const problems: Problem[] = []
  // An undefined or invalid number is NaN here, which is greater than nothing: it has a problem of its own already.
  if (number(retry) > number(maxAge)) {
    problems.push(
      problem([retry, maxAge], `${retry} (${number(retry)}) is longer than ${age}: events expire before`),
    )
  }
  if (number(hold) > number(maxAge) * 24) {
    problems.push(
      problem([hold, maxAge], `${hold} (${number(hold)}) is longer than ${age}: events expire before`),
    )
  }
  if (number(settle) >= number(maxAge) * 1440) {
    problems.push(
      problem(
        [settle, maxAge],
        `${settle} (${number(settle)}) is as long as ${age}: nothing would ever be sent`,
      ),
    )
  }
  return problems
}

/** Everything wrong with the settings. Keys that do not count (see `checkWarehouse`) are removed from `given`. */
export function checkSettings(given: GivenSettings): Problem[] {
  const problems = checkWarehouse(given)
  const type = given.get('warehouse.type')?.value
  const counting = fields.filter(({ warehouseType }) => warehouseType === null || warehouseType === type)
  for (const field of counting) {
    const problem = checkField(field, given)
    if (problem) problems.push(problem)
  }
  return [...problems, ...checkTogether(given)]
}
