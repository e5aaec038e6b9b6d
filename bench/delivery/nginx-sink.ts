import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { temporaryFolder } from '../frame/folder.ts'
import { provide } from '../frame/script.ts'
import { NGINX, type Sink } from './sink.ts'

/** nginx with one worker that answers `{"status":"OK"}` and does nothing else. It ends with this process, which ends with the bench. */
const folder = temporaryFolder()
const port = await freePort()
const nginx = await start()
process.once('exit', () => nginx.kill('SIGKILL'))
await provide({ url: `http://127.0.0.1:${port}` } satisfies Sink)
process.exit()

async function start(): Promise<ChildProcess> {
  writeFileSync(join(folder, 'nginx.conf'), configuration())
  const child = spawn(NGINX!, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'inherit' })
  const failed = new AbortController()
  child.once('exit', () => failed.abort(new Error('nginx did not start')))
  while (!(await answers())) await setTimeout(10, null, { signal: failed.signal })
  return child
}

/** Without a master process there is one that has to be stopped, and not two. */
function configuration(): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr;
    events { worker_connections 4096; }
    http {
      ${temporary.map((what) => `${what}_temp_path ${what};`).join(' ')}
      access_log off; default_type application/json;
      keepalive_requests 1000000000; keepalive_timeout 1h;
      client_body_buffer_size 64k; client_max_body_size 0;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location / { return 200 '{"status":"OK"}'; }
      }
    }`
}

/** nginx takes no port 0. Between this and its start somebody else might take it: then it does not start, and says why. */
async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

async function answers(): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}
