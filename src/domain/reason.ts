import type { AuditStatus } from './settlement.ts'

interface ReasonEntry {
  status: AuditStatus
  meaning: string
  /** What a person can do about it. */
  advice: string
}

const nothing = 'Nothing to do.'
const waits = 'Nothing to do: the next run takes it up again.'
const EVIDENCE =
  "`adjust-s2s reconcile` looks for it in Adjust's raw data export; if you know what became of it, tell `adjust-s2s resolve`."

/**
 * Every reason that an audit row can carry. The codes are stable: people's queries name them.
 * Meanings of Adjust's answers follow its server-to-server documentation (the table of answers, and "order and age").
 */
export const REASONS = {
  ok: { status: 'delivered', meaning: 'Adjust answered OK.', advice: nothing },
  ok_unauthenticated: {
    status: 'delivered',
    meaning:
      'Adjust took the event but found no or a wrong authentication token; with S2S security switched on it would refuse it.',
    advice: 'Set ADJUST_S2S_TOKEN (or the token file) to the token from the Adjust dashboard.',
  },

  earlier_unique_event: {
    status: 'duplicate',
    meaning: 'The event token counts once per device and Adjust has already counted it.',
    advice: nothing,
  },
  source_duplicate: {
    status: 'duplicate',
    meaning: 'The source has an earlier row with the same transaction_id; only the first is sent.',
    advice: 'Make transaction_id unique in the source SELECT.',
  },

  bad_event_state: {
    status: 'rejected',
    meaning:
      'Adjust refused the event for its state: created before the install, or out of order for the device.',
    advice:
      'Read the message; check that occurred_at is later than the install and that no other sender delivers this token.',
  },
  invalid_callback_parameters: {
    status: 'rejected',
    meaning: 'Adjust could not read the callback parameters.',
    advice: 'callback_params must be a flat JSON object whose values are strings.',
  },
  invalid_revenue: {
    status: 'rejected',
    meaning: 'Adjust refused the revenue or its currency.',
    advice: 'Check revenue and currency of the row.',
  },
  invalid_app_token: {
    status: 'rejected',
    meaning: 'Adjust does not know the app token.',
    advice:
      'Correct app_token in the source SELECT, then run with --resend failed: a run without it makes this one late.',
  },
  invalid_event_token: {
    status: 'rejected',
    meaning: 'Adjust does not know the event token.',
    advice:
      'Correct event_token in the source SELECT, then run with --resend failed: a run without it makes this one late.',
  },
  request_too_large: {
    status: 'rejected',
    meaning: 'The request is larger than the 1 MB that Adjust takes.',
    advice: 'Send less in callback_params, partner_params or parameters.',
  },
  device_opted_out: {
    status: 'rejected',
    meaning: 'The device has opted out; its later events are suppressed.',
    advice: nothing,
  },
  device_not_found_too_long: {
    status: 'rejected',
    meaning: 'Adjust did not know the device for longer than device_not_found_retry_days.',
    advice: 'Check that the identifiers are those that the SDK reports.',
  },
  refused: {
    status: 'rejected',
    meaning: 'Adjust refused the event with a message that is not documented.',
    advice: 'Read the message; ask support@adjust.com if it does not explain itself.',
  },

  transaction_id_missing: {
    status: 'invalid',
    meaning: 'transaction_id is NULL or empty, so the event could not be told from others.',
    advice: 'Give every row a transaction_id in the source SELECT.',
  },
  occurred_at_missing: {
    status: 'invalid',
    meaning: 'occurred_at is NULL.',
    advice: 'Give every row an occurred_at.',
  },
  occurred_at_in_future: {
    status: 'invalid',
    meaning: 'occurred_at is more than five minutes in the future.',
    advice: 'Check the time zone in the source SELECT.',
  },
  kind_unknown: {
    status: 'invalid',
    meaning: 'kind is none of event, ad_revenue, session.',
    advice: 'Correct kind in the source SELECT.',
  },
  environment_unknown: {
    status: 'invalid',
    meaning: 'environment is neither sandbox nor production.',
    advice: 'Correct environment in the source SELECT, or leave it NULL to take adjust.environment.',
  },
  app_token_missing: { status: 'invalid', meaning: 'app_token is NULL or empty.', advice: 'Fill app_token.' },
  event_token_missing: {
    status: 'invalid',
    meaning: 'event_token is NULL or empty.',
    advice: 'Fill event_token.',
  },
  identifier_missing: {
    status: 'invalid',
    meaning: 'The row has no identifier that Adjust takes, or only all-zero ones.',
    advice: 'Give at least one of adid, idfa, idfv, gps_adid, android_id, fire_adid, oaid, web_uuid.',
  },
  device_id_missing: {
    status: 'invalid',
    meaning: 'The run was one of several shards, which are told apart by device_id, and the row has none.',
    advice: 'Fill device_id in the source SELECT, or run without --shard; then run with --resend failed.',
  },
  identifier_malformed: {
    status: 'invalid',
    meaning: 'No identifier of the row has the form that Adjust documents.',
    advice: 'The message names the malformed ones; correct them in the source.',
  },
  adid_missing: {
    status: 'invalid',
    meaning: 'The row has no adid and adjust.adid is set to require.',
    advice: 'Add adid to the source, or set adjust.adid to warn.',
  },
  revenue_malformed: {
    status: 'invalid',
    meaning: 'revenue is not a decimal number.',
    advice: 'Give revenue as a decimal number such as 12.50, or NULL where there is none.',
  },
  revenue_negative: {
    status: 'invalid',
    meaning: 'revenue is negative; Adjust has no refunds.',
    advice:
      'Leave refunds out of the source SELECT, or send them without revenue under a token of their own.',
  },
  revenue_out_of_range: {
    status: 'invalid',
    meaning: 'revenue is outside 0.001 to 100,000,000,000.',
    advice: 'Give revenue in full currency units.',
  },
  currency_missing: {
    status: 'invalid',
    meaning: 'The row has revenue but no currency.',
    advice: 'Fill currency with an ISO 4217 code.',
  },
  currency_unknown: {
    status: 'invalid',
    meaning: 'currency is not an ISO 4217 code.',
    advice: 'Fill currency with an ISO 4217 code, such as EUR.',
  },
  parameters_malformed: {
    status: 'invalid',
    meaning: 'callback_params, partner_params or parameters is not a JSON object.',
    advice: 'The message names the column; make it a JSON object.',
  },
  parameters_nested: {
    status: 'invalid',
    meaning: 'A parameter holds an object or a list; Adjust takes flat strings.',
    advice: 'The message names the parameter; flatten it in the source SELECT.',
  },
  parameters_reserved: {
    status: 'invalid',
    meaning: 'parameters names something that has a column of its own or that the program sets.',
    advice: 'The message names it; use the column, or leave it out.',
  },
  ad_revenue_incomplete: {
    status: 'invalid',
    meaning: 'An ad_revenue row needs revenue, currency and ad_impressions_count (in parameters).',
    advice: 'The message names what is missing.',
  },

  too_old: {
    status: 'expired',
    meaning: 'Older than Adjust accepts (58 days; ad revenue 28) at the moment of sending.',
    advice: 'Nothing can be done: Adjust refuses it. Find out why it waited with `adjust-s2s explain`.',
  },
  later_event_delivered: {
    status: 'late',
    meaning:
      'A later event of the same device and token (or with revenue) was already delivered; Adjust would refuse this one.',
    advice:
      'Raise delivery.settle_minutes if rows reach the warehouse that late, run older windows before newer ones, and mend rows before a later event of their device is delivered. For this one it is too late.',
  },
  device_opted_out_before: {
    status: 'suppressed',
    meaning: 'Adjust said of this device earlier that it has opted out.',
    advice: nothing,
  },
  in_doubt_too_long: {
    status: 'abandoned',
    meaning: 'Its outcome stayed unknown for delivery.in_doubt_hold_hours; it is not sent again.',
    advice: EVIDENCE,
  },

  refused_again: {
    status: 'abandoned',
    meaning:
      'Its outcome was unknown, it was sent again (policy resend), and Adjust refused it for its state: it may have counted the first.',
    advice: EVIDENCE,
  },

  timed_out: {
    status: 'in_doubt',
    meaning: 'The request went out and no answer came in time: Adjust may or may not have counted it.',
    advice: EVIDENCE,
  },
  connection_lost: {
    status: 'in_doubt',
    meaning: 'The connection broke after the request had begun: Adjust may or may not have counted it.',
    advice: EVIDENCE,
  },
  undocumented_answer: {
    status: 'in_doubt',
    meaning:
      "The answer is not one of Adjust's (a gateway's page, say): Adjust may or may not have counted it.",
    advice: EVIDENCE,
  },
  process_died: {
    status: 'in_doubt',
    meaning: 'The process died while the request was in flight: Adjust may or may not have counted it.',
    advice: EVIDENCE,
  },
  journal_lost: {
    status: 'in_doubt',
    meaning:
      'The journal of a run that ended early is gone (a new disk, a deleted or older state_dir), and that run may have sent it: Adjust may or may not have counted it.',
    advice: `Keep state_dir on a volume that survives the process. ${EVIDENCE}`,
  },

  resolved_delivered: {
    status: 'delivered',
    meaning: 'Its outcome was unknown, and a person has said that Adjust counted it.',
    advice: nothing,
  },
  found_in_export: {
    status: 'delivered',
    meaning: "Its outcome was unknown, and Adjust's raw data export has it.",
    advice: nothing,
  },
  resolved_abandoned: {
    status: 'abandoned',
    meaning: 'Its outcome was unknown, and a person has said that it is not to be sent again.',
    advice: nothing,
  },
  resolved_not_delivered: {
    status: 'deferred',
    meaning: 'Its outcome was unknown, and a person has said that Adjust did not count it.',
    advice: waits,
  },
  absent_from_export: {
    status: 'deferred',
    meaning: "Its outcome was unknown, and Adjust's raw data export, complete past that moment, lacks it.",
    advice: waits,
  },

  waits_for_earlier: {
    status: 'deferred',
    meaning: 'An earlier event of the same device is not settled, and order matters.',
    advice: 'The message names that event: see `adjust-s2s explain` for it.',
  },
  waits_for_in_doubt: {
    status: 'deferred',
    meaning: 'The outcome of an earlier event of the same device is unknown.',
    advice: 'The message names that event: see `adjust-s2s explain` for it.',
  },
  device_not_found: {
    status: 'deferred',
    meaning: 'Adjust does not know the device yet; such events succeed minutes to days later.',
    advice: waits,
  },
  retries_exhausted: {
    status: 'deferred',
    meaning: 'Adjust did not take the event in max_attempts requests of this run.',
    advice: waits,
  },
  retry_quota_spent: {
    status: 'deferred',
    meaning: 'So many requests failed that retrying all would have made it worse.',
    advice: waits,
  },
  credentials_refused: {
    status: 'deferred',
    meaning: 'Adjust refused the authentication token, so the run stopped.',
    advice:
      'Set ADJUST_S2S_TOKEN (or the token file) to the token from the Adjust dashboard, then run again.',
  },
  app_stopped: {
    status: 'deferred',
    meaning: 'Adjust refused the app (inactive or not found), so its events were not sent.',
    advice: 'Check the app in the Adjust dashboard, then run again.',
  },
  token_stopped: {
    status: 'deferred',
    meaning:
      'Adjust refused the event token (invalid, blocklisted or tracking disabled), so its events were not sent.',
    advice: 'Check the event token in the Adjust dashboard, then run again.',
  },
  rejection_storm: {
    status: 'deferred',
    meaning: 'Nearly all recent events of this token were rejected, so the rest was not burned.',
    advice: 'See what the rejected ones have in common, then run again.',
  },
  adjust_unavailable: {
    status: 'deferred',
    meaning: 'Adjust could not be reached or kept failing, so the run stopped sending.',
    advice: waits,
  },
  too_many_waiting: {
    status: 'deferred',
    meaning: 'More devices wait for another run than this one keeps in memory, so it stopped sending.',
    advice: 'See why so many events were deferred, then run again.',
  },
  not_claimed: {
    status: 'deferred',
    meaning:
      'It lay in the future when the run read it, beyond the instant up to which the run had said that it sends.',
    advice: waits,
  },
  lease_lost: {
    status: 'deferred',
    meaning:
      'The run could not keep its lease (it was paused, or the warehouse was away for minutes), so it stopped sending: another may have taken over.',
    advice: waits,
  },
  run_stopped: {
    status: 'deferred',
    meaning: 'The run was asked to stop (SIGTERM, or the warehouse or the disk failed) before its turn came.',
    advice: waits,
  },

  rate_limited: {
    status: 'retried',
    meaning: 'Adjust answered 429 and the event was sent again later.',
    advice: nothing,
  },
  internal_error: {
    status: 'retried',
    meaning: 'Adjust answered with its documented internal error and the event was sent again.',
    advice: nothing,
  },
  not_sent: {
    status: 'retried',
    meaning: 'No connection could be made, nothing was sent, and it was tried again.',
    advice: nothing,
  },
} as const satisfies Record<string, ReasonEntry>

export type Reason = keyof typeof REASONS

/** Why an event of unknown outcome is open to be sent: they outweigh the row that says that it is unknown. */
export const EVIDENCE_REASONS: readonly string[] = [
  'resolved_not_delivered',
  'absent_from_export',
] satisfies Reason[]

/** Why an event of unknown outcome was abandoned, without anybody having said so: evidence may still change it. */
export const GIVEN_UP_REASONS: readonly string[] = ['in_doubt_too_long', 'refused_again'] satisfies Reason[]
