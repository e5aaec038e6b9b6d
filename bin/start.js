// For a Node that runs TypeScript. Before anything of ours is loaded: half of a short command's time would go into taking the types out.
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../src/main.ts')
