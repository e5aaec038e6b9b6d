import { Option } from 'commander'

/**
 * An option that takes one of a few words. Help and completion list them; what else is typed is refused where the flags are parsed, in words
 * of our own that say what each does.
 */
export function withChoices(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description)
  option.argChoices = [...choices]
  return option
}
