import type { Shop } from '../shop/shop.ts'
import type { Round, Trouble } from './kinds.ts'
import type { Pace } from './pace.ts'
import { Scene } from './scene.ts'

/** Starts a run, or two, does that to it, and waits until no process is left. */
export async function makeTrouble(trouble: Trouble, shop: Shop, pace: Pace): Promise<Round> {
  const scene = new Scene(trouble, shop, pace)
  switch (trouble) {
    case 'kill -9':
      await scene.killAt(scene.start())
      break
    case 'kill -9 while stopped':
      await scene.killWhileStopped(scene.start())
      break
    case 'kill -9 on a full disk':
      scene.fillDisk()
      await scene.killAt(scene.start())
      break
    case 'kill -9 of two runs':
      await scene.killOneOfTwo()
      break
    case 'SIGTERM':
      await scene.terminate(scene.start())
      break
    case 'SIGSTOP, SIGCONT':
      await scene.stopAndGo(scene.start())
      break
    case 'two runs':
      await scene.waitForBoth(scene.start(), scene.start())
      break
    case 'disk full':
      await scene.runOutOfDisk()
      break
    default:
      await scene.end(scene.start())
  }
  shop.disk?.empty()
  return scene.round
}
