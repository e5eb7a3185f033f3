import { defineConfig } from 'vitest/config';

// Tests start worker threads and native threads of their own, so test files run one after the other.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    fileParallelism: false,
    pool: 'forks',
    // The built device is what is tested: Node itself loads it.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A page on a busy machine paints when it can.
    expect: { poll: { timeout: 20_000 } },
  },
});
