/** Text as one word of a POSIX shell: in single quotes, unless nothing in it means anything there. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
