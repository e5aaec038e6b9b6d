import { describeLease } from '../lease/lease-suite.ts'
import { bigquery } from './support/bigquery-engine.ts'

describeLease(bigquery)
