import type { Command } from 'commander'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails } from './help-text.ts'

/** `adjust-s2s completion`. */
export function addCompletion(program: Command, execute: Execute): void {
  const completion = program
    .command('completion')
    .summary('print a script that lets Tab complete the command line')
    .description(
      'Prints a script for bash, zsh or fish: it completes commands, flags, their values and file names.',
    )
  completion.addArgument(completion.createArgument('<shell>', 'which one'))
  completion.registeredArguments[0]!.argChoices = ['bash', 'zsh', 'fish']
  completion.action(async (shell: string) => {
    const { completionModel, parseShell } = await import('../completion-model.ts')
    await execute(
      'completion',
      { shell: parseShell(shell), model: completionModel(program) },
      globalFlags(program),
    )
  })
  addDetails(completion, {
    examples: [
      ['completion bash > ~/.local/share/bash-completion/completions/adjust-s2s', 'bash'],
      ['completion zsh > ~/.zsh/completions/_adjust-s2s', 'zsh; any folder of fpath'],
      ['completion fish > ~/.config/fish/completions/adjust-s2s.fish', 'fish'],
    ],
    notes: `
The shell has to know the program as adjust-s2s. Where it is only installed in a project, say so:
  adjust-s2s() { npx adjust-s2s "$@"; }                  bash and zsh
  function adjust-s2s; npx adjust-s2s $argv; end         fish
Print the script again after an upgrade, for new flags.`,
  })
}
