import type { Command } from 'commander'
import type { DoctorFlags, InitFlags, SimulateFlags } from '../command.ts'
import { type Execute, globalFlags, wholeNumber } from './execute.ts'
import { addDetails } from './help-text.ts'

/** `adjust-s2s init`. */
export function addInit(program: Command, execute: Execute): void {
  const init = program
    .command('init')
    .summary('create the tables and the state directory')
    .description(
      'Creates what is missing: the state directory, and the audit tables in the warehouse. Safe to repeat.',
    )
    .option('--example', 'only print a complete adjust-s2s.yaml, every setting explained')
    .option('--print', 'only print the DDL of the tables, for those who create tables by other means')
    .action(async ({ example = false, print = false }: Partial<InitFlags>) => {
      await execute('init', { example, print }, globalFlags(program))
    })
  addDetails(init, {
    examples: [
      ['init --example > adjust-s2s.yaml', 'a complete configuration to start from'],
      ['init', 'create what is missing'],
      ['init --print > tables.sql', 'DDL for whoever creates the tables'],
    ],
  })
}

/** `adjust-s2s doctor`. */
export function addDoctor(program: Command, execute: Execute): void {
  const doctor = program
    .command('doctor')
    .summary('check a deployment: what is wrong, and what mends it')
    .description(
      'Tries what a run needs, one after the other: the configuration, the state directory, Adjust, the clock, each permission in the ' +
        'warehouse, the source with a sample row, and the token. Nothing is sent and nothing is changed.',
    )
    .option(
      '--send-test-event',
      "send one event of a made-up device to Adjust's sandbox, with the sample row's tokens",
    )
    .action(async ({ sendTestEvent = false }: Partial<DoctorFlags>) => {
      await execute('doctor', { sendTestEvent }, globalFlags(program))
    })
  addDetails(doctor, {
    examples: [
      ['doctor', 'after the first deployment, and when something is odd'],
      ['doctor --send-test-event', 'is the authentication token taken, too?'],
      ['doctor --quiet', 'only what has to be mended'],
    ],
    exitCodes: [
      [0, 'nothing failed'],
      [2, 'something has to be mended'],
      [4, 'Adjust refused the token or the app'],
      [75, 'only what passes by itself: a lock, or a server that is away'],
    ],
  })
}

/** `adjust-s2s simulate`. */
export function addSimulate(program: Command, execute: Execute): void {
  const simulate = program
    .command('simulate')
    .summary('play Adjust on this machine, faults included')
    .description(
      "Serves Adjust's endpoints on loopback, with Adjust's rules and answers, until it is stopped. " +
        'What arrived, and when, stands at /__truth. Point adjust.url at the address that it prints.',
    )
    .option('--port <n>', 'port on loopback; 0 takes a free one', wholeNumber(0, 65_535), 8090)
    .option('--seed <n>', 'the same seed and requests give the same faults', wholeNumber(0, 4_294_967_295))
    .option('--faults <file>', 'a scenario: what the simulated Adjust knows, and what goes wrong')
    .action(async (flags: Partial<SimulateFlags> & { port: number }) => {
      await execute('simulate', { seed: null, faults: null, ...flags }, globalFlags(program))
    })
  addDetails(simulate, {
    examples: [
      ['simulate', 'an Adjust that takes everything, on port 8090'],
      ['simulate --faults examples/sample/scenario.yaml --seed 1', 'one with bad days, the same each time'],
      ['simulate --port 0 --json', 'for scripts: the address as JSON'],
    ],
  })
}

/** `adjust-s2s demo`. */
export function addDemo(program: Command, execute: Execute): void {
  const demo = program
    .command('demo')
    .summary('deliver a sample to a simulated Adjust')
    .description(
      'Builds a sample warehouse in .demo, starts a simulated Adjust, delivers the sample, and shows what became of it.',
    )
    .action(() => execute('demo', {}, globalFlags(program)))
  addDetails(demo, {
    examples: [
      ['demo', 'the whole way of the data in ten seconds'],
      ['status --config .demo/adjust-s2s.yaml', 'then look around in what it made'],
    ],
  })
}
