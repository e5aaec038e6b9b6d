import { defineConfig } from 'vitest/config'

/** The tests that need a Chromium: in /usr/bin, or where CHROMIUM says. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    // One browser at a time, and runs of the real program before it starts.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
})
