import type { MaskedRequest } from './masked-request.ts'
import { colour } from './output.ts'

/** One parameter a line, as it is encoded. */
export function requestLines(
  { transaction_id: id, method, url, parameters }: MaskedRequest,
  stdout: NodeJS.WriteStream,
): string[] {
  return [
    `${colour('bold', id, stdout)}: ${method} ${url}`,
    ...parameters.map((parameter) => `    ${parameter}`),
  ]
}
