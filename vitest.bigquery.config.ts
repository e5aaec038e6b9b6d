import { defineConfig } from 'vitest/config'

/** The tests that need a BigQuery: `npm run test:bigquery` installs an emulator for them. */
export default defineConfig({
  test: {
    include: ['test/bigquery/**/*.test.ts'],
    globalSetup: ['test/bigquery/support/global-setup.ts'],
    // Google's authentication library otherwise looks for a metadata server at every start.
    env: { METADATA_SERVER_DETECTION: 'none' },
    // The emulator runs one query at a time: more workers would only wait for one another.
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
