import { ExitCode } from '../domain/exit-code.ts'
import type { RunCommand } from './command.ts'
import type { CompletionModel, Shell } from './completion-model.ts'

/** Only the one that is wanted is loaded: people have a shell ask for it whenever it starts. */
const SCRIPTS: Record<Shell, () => Promise<(model: CompletionModel) => string>> = {
  bash: async () => (await import('./completion-bash.ts')).bashScript,
  zsh: async () => (await import('./completion-zsh.ts')).zshScript,
  fish: async () => (await import('./completion-fish.ts')).fishScript,
}

/** Prints a script that teaches a shell the commands, flags and values. It needs no configuration. */
export const runCommand: RunCommand<'completion'> = async ({ shell, model }, { stdout, flags }) => {
  const script = (await SCRIPTS[shell]())(model)
  stdout.write(flags.json ? `${JSON.stringify({ shell, script, exit_code: ExitCode.ok })}\n` : script)
  return ExitCode.ok
}
