import { describeDoubts } from '../audit/resolution-suite.ts'
import { bigquery } from './support/bigquery-engine.ts'

describeDoubts(bigquery)
