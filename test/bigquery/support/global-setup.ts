import type { TestProject } from 'vitest/node'
import { startEmulator } from './emulator.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Addresses of the BigQuery emulator that all test files share; each test makes a dataset of its own. */
    bigquery: { restUrl: string; grpcUrl: string }
  }
}

/** One emulator for the whole run of vitest. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const emulator = await startEmulator()
  project.provide('bigquery', { restUrl: emulator.restUrl, grpcUrl: emulator.grpcUrl })
  return () => emulator.stop()
}
