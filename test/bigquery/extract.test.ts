import { describeExtract } from '../extract/extract-suite.ts'
import { bigquery } from './support/bigquery-engine.ts'

describeExtract(bigquery)
