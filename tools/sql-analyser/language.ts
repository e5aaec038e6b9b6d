import type { AllowedHintsAndOptionsProto } from '@fivetrandevelopers/zetasql/lib/types/zetasql/AllowedHintsAndOptionsProto.js'
import type { LanguageFeature } from '@fivetrandevelopers/zetasql/lib/types/zetasql/LanguageFeature.js'
import type { LanguageOptionsProto } from '@fivetrandevelopers/zetasql/lib/types/zetasql/LanguageOptionsProto.js'

/**
 * What BigQuery adds to the core of GoogleSQL, as Google's own toolkit for its analyser has it (GoogleCloudPlatform/zetasql-toolkit,
 * BigQueryLanguageOptions), as far as it concerns queries, changes of rows, tables and views. What is left out is refused here and
 * taken by BigQuery, which is the safe way to be wrong.
 */
const FEATURES: LanguageFeature[] = [
  'FEATURE_ANALYTIC_FUNCTIONS',
  'FEATURE_NAMED_ARGUMENTS',
  'FEATURE_GROUP_BY_ROLLUP',
  'FEATURE_V_1_1_HAVING_IN_AGGREGATE',
  'FEATURE_V_1_1_LIMIT_IN_AGGREGATE',
  'FEATURE_V_1_1_ORDER_BY_IN_AGGREGATE',
  'FEATURE_V_1_1_NULL_HANDLING_MODIFIER_IN_AGGREGATE',
  'FEATURE_V_1_1_NULL_HANDLING_MODIFIER_IN_ANALYTIC',
  'FEATURE_V_1_1_SELECT_STAR_EXCEPT_REPLACE',
  'FEATURE_V_1_1_WITH_ON_SUBQUERY',
  'FEATURE_V_1_3_WITH_RECURSIVE',
  'FEATURE_V_1_3_NULLS_FIRST_LAST_IN_ORDER_BY',
  'FEATURE_V_1_3_QUALIFY',
  'FEATURE_V_1_3_PIVOT',
  'FEATURE_V_1_3_UNPIVOT',
  'FEATURE_V_1_3_IS_DISTINCT',
  'FEATURE_V_1_3_LIKE_ANY_SOME_ALL',
  'FEATURE_V_1_3_UNNEST_AND_FLATTEN_ARRAYS',
  'FEATURE_V_1_3_ALLOW_DASHES_IN_TABLE_NAME',

  'FEATURE_NUMERIC_TYPE',
  'FEATURE_BIGNUMERIC_TYPE',
  'FEATURE_V_1_3_DECIMAL_ALIAS',
  'FEATURE_PARAMETERIZED_TYPES',
  'FEATURE_INTERVAL_TYPE',
  'FEATURE_V_1_2_CIVIL_TIME',
  'FEATURE_JSON_TYPE',
  'FEATURE_JSON_ARRAY_FUNCTIONS',
  'FEATURE_JSON_VALUE_EXTRACTION_FUNCTIONS',

  'FEATURE_V_1_2_SAFE_FUNCTION_CALL',
  'FEATURE_V_1_2_WEEK_WITH_WEEKDAY',
  'FEATURE_V_1_3_ADDITIONAL_STRING_FUNCTIONS',
  'FEATURE_V_1_3_ALLOW_REGEXP_EXTRACT_OPTIONALS',
  'FEATURE_V_1_3_CONCAT_MIXED_TYPES',
  'FEATURE_V_1_3_DATE_ARITHMETICS',
  'FEATURE_V_1_3_DATE_TIME_CONSTRUCTORS',
  'FEATURE_V_1_3_EXTENDED_DATE_TIME_SIGNATURES',
  'FEATURE_V_1_3_FORMAT_IN_CAST',
  'FEATURE_ROUND_WITH_ROUNDING_MODE',

  'FEATURE_CREATE_TABLE_NOT_NULL',
  'FEATURE_CREATE_TABLE_FIELD_ANNOTATIONS',
  'FEATURE_CREATE_TABLE_PARTITION_BY',
  'FEATURE_CREATE_TABLE_CLUSTER_BY',
  'FEATURE_CREATE_VIEW_WITH_COLUMN_LIST',
  'FEATURE_DML_UPDATE_WITH_JOIN',
  'FEATURE_V_1_3_OMIT_INSERT_COLUMN_LIST',
]

const dialect: LanguageOptionsProto = {
  // Keeps out what GoogleSQL has inside Google alone: INT32, FLOAT, protocol buffers, functions for them.
  productMode: 'PRODUCT_EXTERNAL',
  nameResolutionMode: 'NAME_RESOLUTION_DEFAULT',
  enabledLanguageFeatures: FEATURES,
  reservedKeywords: ['QUALIFY'],
}

/** The language of `sql/`: `query` reads, `update` runs the other two. */
export const QUERY_LANGUAGE: LanguageOptionsProto = {
  ...dialect,
  supportedStatementKinds: ['RESOLVED_QUERY_STMT', 'RESOLVED_UPDATE_STMT', 'RESOLVED_INSERT_STMT'],
}

/** The language of the statements that make tables and views, and set options of tables. */
export const DDL_LANGUAGE: LanguageOptionsProto = {
  ...dialect,
  supportedStatementKinds: [
    'RESOLVED_CREATE_TABLE_STMT',
    'RESOLVED_CREATE_VIEW_STMT',
    'RESOLVED_ALTER_TABLE_STMT',
  ],
}

/**
 * Options of tables, views and columns; any other is refused.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#table_option_list
 */
export const DDL_OPTIONS: AllowedHintsAndOptionsProto = {
  disallowUnknownOptions: true,
  disallowDuplicateOptionNames: true,
  option: [
    { name: 'description', type: { typeKind: 'TYPE_STRING' } },
    { name: 'friendly_name', type: { typeKind: 'TYPE_STRING' } },
    { name: 'expiration_timestamp', type: { typeKind: 'TYPE_TIMESTAMP' } },
    { name: 'partition_expiration_days', type: { typeKind: 'TYPE_DOUBLE' } },
    { name: 'require_partition_filter', type: { typeKind: 'TYPE_BOOL' } },
  ],
}
