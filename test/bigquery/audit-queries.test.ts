import { describeAuditQueries } from '../warehouse/audit-queries-suite.ts'
import { bigquery } from './support/bigquery-engine.ts'

describeAuditQueries(bigquery)
