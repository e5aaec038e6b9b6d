/** Which pod of an Indexed Job this is, as Kubernetes numbers them from 0; null elsewhere. */
export function completionIndex(): number | null {
  const text = process.env.JOB_COMPLETION_INDEX
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null
}
