import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface Script<T> {
  /** The first message that it sent. */
  message: T
  process: ChildProcess
}

/**
 * Runs a script in a process of its own until it sends its first message. Throws an Error when it ends without one; what it has to
 * say about that stands in its standard error, which is ours.
 */
export async function runScript<T>(
  path: string,
  args: string[],
  execArgv: string[] = [],
): Promise<Script<T>> {
  const child = fork(path, args, { execArgv })
  const message = Promise.withResolvers<T>()
  child.once('message', (value) => message.resolve(value as T))
  child.once('exit', (code, signal) =>
    message.reject(new Error(`${path} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`)),
  )
  return { message: await message.promise, process: child }
}

/** Ends what `runScript` has started, as a script ends that listens to `provide`. */
export async function stopScript({ process: child }: Script<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  if (child.connected) child.disconnect()
  await exited
}

/** The script's side: hands over what it has made, and returns when nobody needs it any more, however the other process ended. */
export async function provide(fixture: unknown): Promise<void> {
  // Ctrl+C reaches every process of the terminal; this one has to tidy up first.
  process.on('SIGINT', () => {})
  process.send!(fixture)
  await once(process, 'disconnect')
}
