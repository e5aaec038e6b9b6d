import { type Event, SENT_IDENTIFIERS } from '../domain/event.ts'

/** What names a device or a person; everything else helps to see what is sent. */
const MASKED: ReadonlySet<string> = new Set([...SENT_IDENTIFIERS, 'ip_address', 'user_agent'])
const SHOWN_CHARACTERS = 4

export interface MaskedRequest {
  transaction_id: string
  method: 'GET' | 'POST'
  url: string
  /** Parameters as they are encoded, ids masked. */
  parameters: string[]
}

/** A request as it would go out, line by line; of ids and addresses only the first characters are shown. */
export function maskRequest(
  event: Event,
  adjust: { url: string; requestStyle: 'post_body' | 'post_url' | 'get' },
): MaskedRequest {
  return {
    transaction_id: event.transactionId,
    method: adjust.requestStyle === 'get' ? 'GET' : 'POST',
    url: adjust.url + event.path,
    parameters: event.query.split('&').map(maskParameter),
  }
}

function maskParameter(parameter: string): string {
  const [name, value = ''] = parameter.split('=', 2)
  return MASKED.has(name!) ? `${name}=${value.slice(0, SHOWN_CHARACTERS)}…` : parameter
}
