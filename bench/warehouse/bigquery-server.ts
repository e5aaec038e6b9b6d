import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { provide } from '../frame/script.ts'
import type { BigqueryServer } from './bigquery.ts'
import { farPort } from './far.ts'
import { createRestServer } from './rest-api.ts'
import { createStorageServer } from './storage-api.ts'

/**
 * Answers as BigQuery does where this program asks: `node bigquery-server.ts ROWS`. It does hardly anything but send prepared bytes, so
 * what is measured against it is the program's own work.
 */
const totalRows = Number(process.argv[2])
const rest = await listening(createRestServer(totalRows))
const grpc = await listening(createStorageServer(totalRows) as Server)
await provide({
  near: urls(rest, grpc),
  far: urls(await farPort(rest), await farPort(grpc)),
} satisfies BigqueryServer)
process.exit()

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function urls(rest: number, grpc: number) {
  return { restUrl: `http://127.0.0.1:${rest}`, grpcUrl: `http://127.0.0.1:${grpc}` }
}
