const UNRESERVED = /^[\w.~-]*$/

/**
 * Whether a form and a URL leave every character alone: tokens, UUIDs and decimals consist of nothing else.
 */
export function isUnreserved(text: string): boolean {
  return UNRESERVED.test(text)
}

/**
 * Encodes a parameter value once, for a form body and a URL alike (a space becomes `%20`, which both read). A
 * standard form decoder gives back exactly `text`; only lone surrogates, which no UTF-8 can carry, become
 * U+FFFD.
 */
export function encodeValue(text: string, warnings: string[]): string {
  return isUnreserved(text) ? text : encodeURIComponent(wellFormed(text, warnings))
}

/** Text that UTF-8 can carry; adds the warning `text_not_well_formed` when something had to be replaced. */
export function wellFormed(text: string, warnings: string[]): string {
  if (text.isWellFormed()) return text
  if (!warnings.includes('text_not_well_formed')) warnings.push('text_not_well_formed')
  return text.toWellFormed()
}
