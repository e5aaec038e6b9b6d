/** So often a device fails before it does not any more. */
const FAILURES = 2
const ADID = '&adid='
const ADID_LENGTH = 32
/** Hexadecimal digits that choose: an adid is random already. */
const DIGITS = 6

/** Some devices' first requests fail, the same devices' every time. */
export class FailingDevices {
  readonly #below: number
  readonly #failures = new Map<string, number>()

  /** `share` of all devices, from 0 to 1. */
  constructor(share: number) {
    this.#below = share * 16 ** DIGITS
  }

  fails(body: Buffer): boolean {
    if (this.#below === 0) return false
    const begin = body.indexOf(ADID) + ADID.length
    const adid = body.toString('latin1', begin, begin + ADID_LENGTH)
    if (Number.parseInt(adid.slice(0, DIGITS), 16) >= this.#below) return false
    const failures = this.#failures.get(adid) ?? 0
    this.#failures.set(adid, failures + 1)
    return failures < FAILURES
  }

  /** For the next round, all fail once more. */
  forget(): void {
    this.#failures.clear()
  }
}
