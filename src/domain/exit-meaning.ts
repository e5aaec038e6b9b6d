import { ExitCode } from './exit-code.ts'

const MEANINGS: Record<ExitCode, string> = {
  [ExitCode.ok]: 'everything that was read is settled, or waits as it should',
  [ExitCode.crash]: 'a bug in adjust-s2s',
  [ExitCode.usage]: 'the command line, the configuration, the source or the state directory has to be mended',
  [ExitCode.tooManyRejected]:
    'more was rejected or is in doubt than --max-rejected allows, or nearly all events of a token were rejected',
  [ExitCode.refused]: 'Adjust refused the credentials, an app or an event token',
  [ExitCode.tryAgain]: 'try again later: nothing is wrong that time does not mend',
}

/** What an exit code of a run says, in words; null for one that no version of the program has. */
export function exitMeaning(code: number): string | null {
  return MEANINGS[code as ExitCode] ?? null
}
