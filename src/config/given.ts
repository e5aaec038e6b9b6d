/** A setting as somebody gave it. */
export interface Given {
  value: unknown
  /** Where it is mended: `line 7` of the file, or the name of a variable. */
  where: string | null
  origin: 'file' | 'environment'
}

/** Settings by path. */
export type GivenSettings = Map<string, Given>
