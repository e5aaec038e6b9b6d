interface Selection {
  app: string | null
  event: string | null
}

/**
 * A mistyped token selects nothing, and nothing to do looks like success. Null unless a token was given and no row was read: whether it is
 * mistyped or all is settled only another query over the source would tell, which costs on BigQuery.
 */
export function nothingFound({ app, event }: Selection, readCount: number): string | null {
  if (readCount > 0 || (app === null && event === null)) return null
  const given = [app === null ? '' : `--app ${app}`, event === null ? '' : `--event ${event}`]
  return (
    `no row of the window with ${given.filter((flag) => flag !== '').join(' and ')} is left to be sent: ` +
    'either all of them are settled, or the token is not spelled as in the source'
  )
}
