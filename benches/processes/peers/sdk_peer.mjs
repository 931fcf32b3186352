// The changes by a script with the vendor's SDK and p-limit: sdk_peer.mjs URL IDS CONCURRENCY.
import { readFileSync } from 'node:fs'
import { authorize, getClient } from '@epilot/sdk/workflow'
import pLimit from 'p-limit'

const [url, ids, concurrency] = process.argv.slice(2)
const client = getClient()
client.defaults.baseURL = url
authorize(client, () => 'bench')
const limit = pLimit(Number(concurrency))
const executions = readFileSync(ids, 'utf8').trim().split('\n')
const change = (executionId) => client.updateExecution({ executionId }, { assignedTo: ['10020'] })
await Promise.all(executions.map((id) => limit(change, id)))
