import { type JobError, json, type RestAnswer } from './rest-error.ts'

/** A job that was submitted. */
export interface KnownJob {
  project: string
  /** null as long as the server has not named it. */
  jobId: string | null
  location: string
  configuration: unknown
  /** Why it failed without the server having seen it; null when the server has it. */
  error: JobError | null
}

/** The jobs whose ids are taken. */
export class JobLedger {
  #jobs = new Map<string, KnownJob>()

  get(jobId: string | null): KnownJob | null {
    return jobId === null ? null : (this.#jobs.get(jobId) ?? null)
  }

  add(job: KnownJob): void {
    if (job.jobId !== null) this.#jobs.set(job.jobId, job)
  }

  /** The server refused the request: there is no such job. */
  remove(job: KnownJob): void {
    if (job.jobId !== null) this.#jobs.delete(job.jobId)
  }
}

/** `project:location.id`, as BigQuery's messages and job resources have it. */
export function nameOf({ project, location, jobId }: KnownJob): string {
  return `${project}:${location}.${jobId}`
}

/** A Job resource for a job that the server has not seen: it runs when it is submitted and has failed when it is looked at. */
export function jobResource(job: KnownJob, state: 'RUNNING' | 'DONE'): RestAnswer {
  const { project, jobId, location, configuration, error } = job
  return json(200, {
    kind: 'bigquery#job',
    id: nameOf(job),
    jobReference: { projectId: project, jobId, location },
    configuration,
    status: state === 'DONE' ? { state, errorResult: error, errors: [error] } : { state },
    statistics: {},
  })
}
