import type { Command } from 'commander'
import { addDetails } from './help-text.ts'

/** `adjust-s2s help [command]`. commander's own takes a slip in the name for no name at all. */
export function addHelp(program: Command): void {
  const help = program
    .helpCommand(false)
    .command('help')
    .summary('print the help of a command')
    .description('Prints the help of a command, or of the program: what --help prints.')
    .argument('[command]', 'such as run')
    .action((name: string | undefined) => {
      const command = program.commands.find((known) => known.name() === name)
      if (command !== undefined) command.help()
      if (name === undefined) program.help()
      program.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' })
    })
  addDetails(help, { examples: [['help run', 'the same as run --help']] })
}
