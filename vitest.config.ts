import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need an emulator or a browser: see vitest.bigquery.config.ts and vitest.browser.config.ts.
    exclude: ['test/bigquery/**', 'test/browser/**'],
    // Tests mostly wait for processes and disks, so even a small machine is worth two workers.
    maxWorkers: 2,
    // Whole-command tests start real processes; on two cores one of them may take several seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
