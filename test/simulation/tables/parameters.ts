import type { QueryParameter, QueryParameters } from '../../../src/warehouse/warehouse.ts'
import { microsOf } from './records.ts'

/** Reads the parameters of a query. One that is missing or of another type is a bug of the caller's, as it is to a warehouse. */
export class Given {
  readonly #parameters: QueryParameters

  constructor(parameters: QueryParameters) {
    this.#parameters = parameters
  }

  text(name: string): string {
    return this.#get(name, 'string') as string
  }

  whole(name: string): number {
    return this.#get(name, 'number') as number
  }

  flag(name: string): boolean {
    return this.#get(name, 'boolean') as boolean
  }

  /** Epoch microseconds. */
  instant(name: string): number {
    return microsOf(this.#get(name, 'object'))!
  }

  #get(name: string, type: string): QueryParameter {
    const value = this.#parameters[name]
    if (value === null || typeof value !== type) throw new Error(`the parameter @${name} is no ${type}`)
    return value!
  }
}
