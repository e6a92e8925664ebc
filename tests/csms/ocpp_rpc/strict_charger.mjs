// A charger on npm ocpp-rpc in strict mode, which refuses every answer that its own copy of the schemas does not allow.
//
// Reads from standard input {"url", "charger", "protocol", "calls": [[action, payload], …]}
// and writes the answers' payloads, or {"error": …} where a call failed.

import {RPCClient} from 'ocpp-rpc';
import {readFileSync} from 'node:fs';

const {url, charger, protocol, calls} = JSON.parse(readFileSync(0, 'utf8'));
const client = new RPCClient({endpoint: url, identity: charger, protocols: [protocol], strictMode: true, reconnect: false});
const failures = [];
client.on('strictValidationFailure', ({method, error}) => failures.push({method, error: String(error)}));

await client.connect();
const answers = [];
for (const [action, payload] of calls) {
    answers.push(await client.call(action, payload).catch(error => ({error: String(error)})));
}
await client.close();
process.stdout.write(JSON.stringify({protocol: client.protocol, answers, failures}));
