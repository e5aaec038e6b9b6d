import type * as rest from '@google-cloud/bigquery/build/src/types.d.ts'

// The REST API's resources, from Google's own description of it: https://cloud.google.com/bigquery/docs/reference/rest
export type FieldSchema = rest.default.ITableFieldSchema
export type QueryConfiguration = rest.default.IJobConfigurationQuery
export type ResultPage = rest.default.IGetQueryResultsResponse
export type TableReference = rest.default.ITableReference
export type Job = rest.default.IJob
export type Dataset = rest.default.IDataset
export type TableResource = rest.default.ITable
export type QueryParameterResource = rest.default.IQueryParameter
