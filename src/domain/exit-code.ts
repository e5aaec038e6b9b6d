/** What the process tells the scheduler. People script against these numbers: they never change meaning. */
export const ExitCode = {
  /** Everything that was read is settled, or waits as it should. */
  ok: 0,
  /** A bug: an error nobody foresaw. */
  crash: 1,
  /** The command line, the configuration, the source or the state directory has to be mended first. */
  usage: 2,
  /** Finished, but more events were rejected or are in doubt than `--max-rejected` allows. */
  tooManyRejected: 3,
  /** Adjust refused the credentials, or an app. */
  refused: 4,
  /** Nothing is wrong that another try cannot mend (sysexits' EX_TEMPFAIL). */
  tryAgain: 75,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
