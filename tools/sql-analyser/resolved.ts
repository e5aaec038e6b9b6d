import type { AnyResolvedStatementProto__Output as Statement } from '@fivetrandevelopers/zetasql/lib/types/zetasql/AnyResolvedStatementProto.js'
import { TypeKind } from '@fivetrandevelopers/zetasql/lib/types/zetasql/TypeKind.js'
import type { TypeProto__Output as Type } from '@fivetrandevelopers/zetasql/lib/types/zetasql/TypeProto.js'

export interface Column {
  name: string
  /** As GoogleSQL spells it: `INT64`, `ARRAY<STRING>`. */
  type: string
  /** The same as the analyser wants it in a catalog. */
  resolvedType: Type
}

/** Columns that a query yields, or that a table or a view has once the statement has made it. None for another statement. */
export function columnsOf(statement: Statement): Column[] {
  const create = statement.resolvedCreateStatementNode
  const table = create?.resolvedCreateTableStmtBaseNode?.resolvedCreateTableStmtNode?.parent
  if (table) return table.columnDefinitionList.map(({ name, type }) => column(name, type))
  const view = create?.resolvedCreateViewBaseNode?.resolvedCreateViewStmtNode?.parent
  const output = (view ?? statement.resolvedQueryStmtNode)?.outputColumnList ?? []
  return output.map(({ name, column: of }) => column(name, of?.type))
}

function column(name: string, type: Type | null | undefined): Column {
  if (!type) throw new Error(`the analyser gives no type for column ${name}`)
  return { name, type: typeName(type), resolvedType: type }
}

const KIND_NAMES = new Map<number, string>(Object.entries(TypeKind).map(([name, kind]) => [kind, name]))

function typeName({ typeKind, arrayType }: Type): string {
  if (arrayType?.elementType) return `ARRAY<${typeName(arrayType.elementType)}>`
  if (typeKind === TypeKind.TYPE_DOUBLE) return 'FLOAT64'
  return (KIND_NAMES.get(typeKind) ?? `type ${typeKind}`).replace(/^TYPE_/, '')
}

/** Names of the parameters that a statement uses, in lower case. */
export function parametersOf(statement: Statement): Set<string> {
  const names = new Set<string>()
  collectParameters(statement, names)
  return names
}

function collectParameters(node: unknown, names: Set<string>): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, child] of Object.entries(node)) {
    if (key === 'resolvedParameterNode' && child) names.add((child as { name: string }).name.toLowerCase())
    collectParameters(child, names)
  }
}
