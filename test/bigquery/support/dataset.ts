import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'

/** The project that the emulator knows. */
export const PROJECT = 'test'

/** Not the emulator's default, US: a request that forgets its location is noticed. */
export const LOCATION = 'EU'

/** Makes a dataset of the test's own over REST, as the person who sets BigQuery up does, and removes it when the test ends. */
export async function createDataset(restUrl: string): Promise<string> {
  const datasetId = `test_${randomUUID().replaceAll('-', '')}`
  const datasets = `${restUrl}/bigquery/v2/projects/${PROJECT}/datasets`
  const body = JSON.stringify({
    datasetReference: { projectId: PROJECT, datasetId },
    location: LOCATION,
  })
  await request(datasets, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  onTestFinished(() => request(`${datasets}/${datasetId}?deleteContents=true`, { method: 'DELETE' }))
  return datasetId
}

async function request(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${init.method} ${url} was answered with ${response.status}: ${text}`)
}
