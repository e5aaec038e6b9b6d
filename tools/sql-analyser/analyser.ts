import { ZetaSQLClient } from '@fivetrandevelopers/zetasql'
import type { AnalyzerOptionsProto } from '@fivetrandevelopers/zetasql/lib/types/zetasql/AnalyzerOptionsProto.js'
import type { AnalyzeRequest } from '@fivetrandevelopers/zetasql/lib/types/zetasql/local_service/AnalyzeRequest.js'
import type { AnalyzeResponse__Output as AnalyzeResponse } from '@fivetrandevelopers/zetasql/lib/types/zetasql/local_service/AnalyzeResponse.js'
import type { GetBuiltinFunctionsResponse__Output as BuiltinFunctions } from '@fivetrandevelopers/zetasql/lib/types/zetasql/local_service/GetBuiltinFunctionsResponse.js'
import type { SimpleTableProto } from '@fivetrandevelopers/zetasql/lib/types/zetasql/SimpleTableProto.js'
import { DDL_LANGUAGE, DDL_OPTIONS, QUERY_LANGUAGE } from './language.ts'
import type { QueryParameterTypes } from './parameters.ts'
import { type Column, columnsOf, parametersOf } from './resolved.ts'
import { type RunningServer, startServer } from './server.ts'

/** The tables and views that a statement may name. */
export type Catalog = readonly SimpleTableProto[]

/** What the analyser makes of a statement, or why it refuses it, and where: both count from 1, in the text that it was given. */
export type Analysis =
  | { accepted: true; columns: Column[]; parameters: Set<string> }
  | { accepted: false; message: string; line: number | null; column: number | null }

/** For each function, how many arguments each of its signatures takes. */
export type FunctionArguments = Map<string, { atLeast: number; atMost: number }[]>

const INVALID_ARGUMENT = 3

/** Google's own analyser of GoogleSQL, in a process of its own. Stop it when done. */
export class Analyser {
  readonly #server: RunningServer
  readonly #api: typeof ZetaSQLClient.API

  private constructor(server: RunningServer, api: typeof ZetaSQLClient.API) {
    this.#server = server
    this.#api = api
  }

  static async start(): Promise<Analyser> {
    // The server is on this machine: a proxy that the environment names for other calls could not reach it.
    process.env.no_grpc_proxy = 'localhost'
    const server = await startServer()
    // The package keeps one client for all, and a second start would take it from the first.
    ZetaSQLClient.init(server.port)
    return new Analyser(server, ZetaSQLClient.API)
  }

  /** Analyses one query, UPDATE or INSERT. */
  async analyseQuery(sql: string, catalog: Catalog, parameters: QueryParameterTypes): Promise<Analysis> {
    const declared = Object.entries(parameters).map(([name, type]) => ({
      name,
      type: { typeKind: `TYPE_${type}` as const },
    }))
    return this.#analyse(sql, catalog, {
      languageOptions: QUERY_LANGUAGE,
      parameterMode: 'PARAMETER_NAMED',
      queryParameters: declared,
    })
  }

  /** Analyses one CREATE TABLE, CREATE VIEW or ALTER TABLE. */
  async analyseDdl(sql: string, catalog: Catalog): Promise<Analysis> {
    return this.#analyse(sql, catalog, {
      languageOptions: DDL_LANGUAGE,
      allowedHintsAndOptions: DDL_OPTIONS,
      parameterMode: 'PARAMETER_NONE',
    })
  }

  /** Every function that BigQuery's part of GoogleSQL has, by its name in capitals. */
  async functions(): Promise<FunctionArguments> {
    const answer = await called<BuiltinFunctions>((done) =>
      this.#api.getBuiltinFunctions({ languageOptions: QUERY_LANGUAGE }, done),
    )
    const named = answer.function.map(({ namePath, signature }) => {
      const counts = signature.map(({ argument }) => argumentCount(argument.map(({ options }) => options)))
      return [namePath.join('.').toUpperCase(), counts] as const
    })
    return new Map(named)
  }

  stop(): void {
    this.#server.stop()
  }

  async #analyse(sql: string, catalog: Catalog, options: AnalyzerOptionsProto): Promise<Analysis> {
    const builtinFunctionOptions = { languageOptions: options.languageOptions ?? null }
    const request: AnalyzeRequest = {
      sqlStatement: sql,
      simpleCatalog: { name: 'bigquery', table: [...catalog], builtinFunctionOptions },
      options: { errorMessageMode: 'ERROR_MESSAGE_ONE_LINE', defaultTimezone: 'UTC', ...options },
    }
    try {
      const answer = await called<AnalyzeResponse>((done) => this.#api.analyze(request, done))
      const statement = answer.resolvedStatement
      if (!statement) throw new Error('the analyser gave no answer')
      return { accepted: true, columns: columnsOf(statement), parameters: parametersOf(statement) }
    } catch (error) {
      return refusal(error)
    }
  }
}

type Done<Answer> = (error: Error | null, answer?: Answer) => void

function called<Answer>(call: (done: Done<Answer>) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (answer === undefined ? reject(error) : resolve(answer)))
  })
}

/** Anything but a refusal (the server died, say) is an error of this tool and not of the statement. */
function refusal(error: unknown): Analysis {
  const { code, details } = error as { code?: number; details?: string }
  if (code !== INVALID_ARGUMENT || details === undefined) throw error
  const [, message = details, line, column] = /^([\s\S]*) \[at (\d+):(\d+)\]$/.exec(details) ?? []
  return {
    accepted: false,
    message,
    line: line === undefined ? null : Number(line),
    column: column === undefined ? null : Number(column),
  }
}

const REPEATED = 1
const OPTIONAL = 2

function argumentCount(options: ({ cardinality: number } | null)[]): { atLeast: number; atMost: number } {
  const count = (cardinality: number) =>
    options.filter((option) => option?.cardinality === cardinality).length
  return {
    atLeast: options.length - count(REPEATED) - count(OPTIONAL),
    atMost: count(REPEATED) > 0 ? Number.POSITIVE_INFINITY : options.length,
  }
}
