import { describeWarehouse } from '../warehouse/warehouse-suite.ts'
import { bigquery } from './support/bigquery-engine.ts'

describeWarehouse(bigquery)
