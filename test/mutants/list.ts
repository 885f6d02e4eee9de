// Every safeguard, and what the code looks like without it. Each of these must be noticed by the tests that it names.

export interface Mutant {
  readonly safeguard: string
  readonly file: string
  /** What is found, and what takes its place. */
  readonly edits: readonly (readonly [find: string, replace: string])[]
  /** Where the tests are that must turn red. */
  readonly tests: string
}

const simulation = 'test/simulation'
const egress = 'test/egress'
const policy = 'test/policy'
const store = 'test/store/sqlite.test.ts'
const ledger = 'test/faults/ledger.test.ts'
const approvals = 'test/approvals'

export const mutants: readonly Mutant[] = [
  {
    safeguard: 'the fetch guard of a plan',
    file: 'src/hub/vendors.ts',
    // Three locks on one door: the routes, the receipt that a write must have, and what the ledger says of it.
    edits: [
      [
        `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
        `writes: offer.tool.kind === 'write' ? offer.tool.routes : [],`,
      ],
      [`if (!Receipt.isIssued(receipt)) throw`, `if (configured === undefined) throw`],
      [`await refuseGivenUp(`, `if (receipt) await refuseGivenUp(`],
    ],
    tests: simulation,
  },
  {
    safeguard: 'the route check of an apply',
    file: 'src/hub/vendors.ts',
    edits: [
      [
        `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
        `writes: receipt ? ['POST /notes', 'PUT /notes/{id}', 'DELETE /notes/{id}'] : [],`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'decide',
    file: 'src/call/plan.ts',
    edits: [
      [
        `return strictest([...decisions, ...readOnlyRule(version, offer)])`,
        `return { ...strictest(decisions), effect: 'allow' }`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'hold',
    file: 'src/call/handle.ts',
    edits: [
      [
        `if (decision.effect === 'ask' && !given) return await hold({ ...work, asked: { ...asked, key } }, decision, plan)`,
        ``,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'the look again before the send',
    file: 'src/call/carry-out.ts',
    edits: [
      [
        `decision = await stillYes(work)`,
        `decision = { effect: 'allow', rule: 'none', because: undefined, instead: undefined, approvers: [], masks: [], rules: [] }`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'the durable intent (sending recorded before the send)',
    file: 'src/call/ledger.ts',
    edits: [
      [
        `const moved = await move(operation, { from: ['intent'], to: 'sending' }, call, hub)`,
        `const moved: Operation | undefined = { ...operation, state: 'sending' }`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'begin (one operation for each key)',
    file: 'src/call/ledger.ts',
    edits: [[`const key = await keyOf(call, offer, asked, hub)`, `const key = hub.id('key')`]],
    tests: simulation,
  },
  {
    safeguard: 'recall',
    file: 'src/call/handle.ts',
    edits: [[`const repeat = asked.dryRun ? undefined : await recall(call, offer, asked, hub)`, `const repeat = undefined`]],
    tests: simulation,
  },
  {
    safeguard: 'audit open',
    file: 'src/call/audit.ts',
    edits: [
      [
        `const opened = hub.store.append(openedEntry(call, version, hub), when).then(({ seq, hash }) => void (story.opened = { seq, hash }))`,
        `const opened = Promise.resolve()`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'audit close',
    file: 'src/call/audit.ts',
    edits: [
      [
        `const recorded = hub.store.append(closedEntry(call, story, shown, startedAt, hub), when)`,
        `const recorded: Promise<unknown> = Promise.resolve(closedEntry(call, story, shown, startedAt, hub))`,
      ],
    ],
    tests: simulation,
  },
  {
    safeguard: 'a durable commit (synchronous = full)',
    file: 'src/store/sqlite/connection.ts',
    edits: [[`pragma synchronous = full;`, `pragma synchronous = normal;`]],
    tests: 'test/faults/durable.test.ts',
  },
  {
    safeguard: 'the fence of a transition',
    file: 'src/store/sqlite/batch.ts',
    edits: [[`where id = :id and fence = :fence and state in`, `where id = :id and fence >= 0 * :fence and state in`]],
    tests: store,
  },
  {
    safeguard: 'the state that a transition begins in',
    file: 'src/store/sqlite/batch.ts',
    edits: [[`state in (select value from json_each(:from))`, `json_array_length(:from) > 0`]],
    tests: store,
  },
  {
    safeguard: 'a key with other arguments is a conflict',
    file: 'src/call/ledger.ts',
    edits: [[`if (found.argsDigest !== asked.argsDigest) {`, `if (found.id === '') {`]],
    tests: 'test/call/ledger.test.ts',
  },
  {
    safeguard: 'a failed operation is taken up only by the same arguments',
    file: 'src/call/ledger.ts',
    edits: [
      [
        `if (found.state !== 'failed' || found.argsDigest !== fresh.argsDigest) throw underWay(found)`,
        `if (found.state !== 'failed') throw underWay(found)`,
      ],
    ],
    tests: ledger,
  },
  {
    safeguard: 'only a definite failure is taken up again',
    file: 'src/call/ledger.ts',
    edits: [
      [
        `if (found.state !== 'failed' || found.argsDigest !== fresh.argsDigest) throw underWay(found)`,
        `if (found.argsDigest !== fresh.argsDigest) throw underWay(found)`,
      ],
      [
        `const change = { from: ['failed'] as const, to: fresh.state,`,
        `const change = { from: [found.state] as const, to: fresh.state,`,
      ],
    ],
    tests: ledger,
  },
  {
    safeguard: 'what was being sent when the hub died is unknown, not failed',
    file: 'src/call/ledger.ts',
    edits: [
      [
        `if (found.state === 'sending') return await end(found, 'unknown', unknownAnswer(found.id), call, hub)`,
        `if (found.state === 'sending') return await end(found, 'failed', neverSent(found), call, hub)`,
      ],
    ],
    tests: ledger,
  },
  {
    safeguard: 'an accidental repeat is answered, not done again',
    file: 'src/call/ledger.ts',
    edits: [[`if (age > repeatWindowMs) return undefined`, `if (age >= 0) return undefined`]],
    tests: 'test/call/ledger.test.ts',
  },
  {
    safeguard: '"not there" counts only after the vendor’s window',
    file: 'src/call/reconcile.ts',
    edits: [[`if (evidence.verdict !== 'absent' || !waited) return`, `if (evidence.verdict !== 'absent') return`]],
    tests: 'test/call',
  },
  {
    safeguard: 'a chain has no gap (the head of another process is read anew)',
    file: 'src/store/sqlite/batch.ts',
    edits: [[`    heads.clear()\n`, ``]],
    tests: 'test/store',
  },
  {
    safeguard: 'a document is changed only at its version',
    file: 'src/store/sqlite/document-putter.ts',
    edits: [[`and id = :id and version = :version\``, `and id = :id and version <> -:version\``]],
    tests: store,
  },
  {
    safeguard: 'all of a change or nothing (savepoint)',
    file: 'src/store/sqlite/batch.ts',
    edits: [[`if (database.isTransaction) rollbackOne.run()`, `if (database.isTransaction) database.exec('')`]],
    tests: store,
  },
  {
    safeguard: 'a limit is a limit (>= for >)',
    file: 'src/store/sqlite/limit-taker.ts',
    edits: [
      [
        `const oldest = standingInTheWay.get(key, now - windowMs, atMost - 1)`,
        `const oldest = standingInTheWay.get(key, now - windowMs, atMost)`,
      ],
    ],
    tests: store,
  },
  {
    safeguard: 'private addresses are not reached',
    file: 'src/egress/address.ts',
    edits: [
      [
        `if (loopback ? range === 'loopback' : range === 'unicast') return undefined`,
        `if (loopback || range !== 'never') return undefined`,
      ],
    ],
    tests: egress,
  },
  {
    safeguard: 'an address without a name is checked too',
    file: 'src/egress/connection.ts',
    edits: [
      [
        `isIP(options.hostname) === 0 ? undefined : refuseAddress(options.hostname, loopback)`,
        `isIP(options.hostname) === 7 ? refuseAddress(options.hostname, loopback) : undefined`,
      ],
    ],
    tests: egress,
  },
  {
    safeguard: 'redirects are not followed or passed on',
    file: 'src/egress/fetch.ts',
    edits: [[`if (redirects.has(answer.status)) throw`, `if (redirects.has(-answer.status)) throw`]],
    tests: egress,
  },
  {
    safeguard: 'only the configured host',
    file: 'src/egress/order.ts',
    edits: [
      [
        `const here = places.filter(({ base }) => base.origin === url.origin)`,
        `const here = places.filter(({ base }) => base.protocol === url.protocol)`,
      ],
    ],
    tests: egress,
  },
  {
    safeguard: 'a path that a parser would rewrite is refused',
    file: 'src/egress/order.ts',
    edits: [[`if (typeof input === 'string') refuseRewrittenPath(input)`, ``]],
    tests: egress,
  },
  {
    safeguard: 'a parameter of a route is one plain segment',
    file: 'src/egress/routes.ts',
    edits: [[`return parameterValue.test(text) && text !== '.' && text !== '..'`, `return text !== '' && text !== '.'`]],
    tests: egress,
  },
  {
    safeguard: 'no header or query changes the method',
    file: 'src/egress/order.ts',
    edits: [[`  refuseMethodOverride(request.headers, url)\n`, ``]],
    tests: egress,
  },
  // IDEM-19
  {
    safeguard: 'a write is never retried',
    file: 'src/egress/fetch.ts',
    edits: [
      [
        `await (order.kind === 'write' ? write(order, signal) : read(order, signal))`,
        `await (order.kind === 'write' ? write(order, signal).catch(async () => await write(order, signal)) : read(order, signal))`,
      ],
    ],
    tests: egress,
  },
  {
    safeguard: 'a request whose first byte left is not "nothing happened"',
    file: 'src/egress/written.ts',
    edits: [[`          unclear += 1\n`, ``]],
    tests: egress,
  },
  {
    safeguard: 'a 5xx says nothing of a write',
    file: 'src/egress/written.ts',
    edits: [
      [`if (status >= 400 && status < 500 && status !== 408) return 'refused'`, `if (status >= 400) return 'refused'`],
    ],
    tests: egress,
  },
  // IDEM-19
  {
    safeguard: 'SDK retries are off',
    file: 'connectors/slack/slack.ts',
    edits: [[`retryConfig: { retries: 0 },`, `retryConfig: { retries: 3, minTimeout: 1, maxTimeout: 2 },`]],
    tests: 'connectors/slack/slack.test.ts',
  },
  {
    safeguard: 'silence is no',
    file: 'src/policy/decide.ts',
    edits: [
      [
        `  const instead = (effect: RuleEffect) => insteadOf(effect, known, verdicts, facts)\n  if (!spoke.some(({ opens }) => opens)) {`,
        `  const instead = (effect: RuleEffect) => insteadOf(effect, known, verdicts, facts)\n  if (spoke.length === 0) return { ...nothing, effect: 'allow', masks, rules }\n  if (!spoke.some(({ opens }) => opens)) {`,
      ],
    ],
    tests: policy,
  },
  {
    safeguard: 'a rule that breaks says no',
    file: 'src/policy/decide.ts',
    edits: [
      [
        `return outcome === 'broke' || (outcome === 'spoke' && rule.effect === 'deny')`,
        `return outcome === 'spoke' && rule.effect === 'deny'`,
      ],
    ],
    tests: policy,
  },
  {
    safeguard: 'the strictest sentence decides',
    file: 'src/policy/decide.ts',
    edits: [
      [`const rank = { allow: 0, ask: 1, preview: 2, deny: 3 }`, `const rank = { allow: 2, ask: 1, preview: 0, deny: 3 }`],
    ],
    tests: policy,
  },
  {
    safeguard: 'an empty list does not mean everything',
    file: 'src/policy/rule.ts',
    edits: [
      [
        `if (found === undefined || found.length === 0) {`,
        `if (found !== undefined && found.length === 0) continue\n    if (found === undefined) {`,
      ],
    ],
    tests: policy,
  },
  {
    safeguard: 'a record in two places is inside only with both',
    file: 'src/policy/rule.ts',
    edits: [[`if (within < found.length && result.in !== 'unknown')`, `if (within < 0 && result.in !== 'unknown')`]],
    tests: policy,
  },
  {
    safeguard: 'no pattern that can take seconds',
    file: 'src/policy/expression-walk.ts',
    edits: [[`if (name === 'matches')`, `if (name === 'matches?')`]],
    tests: policy,
  },
  {
    safeguard: 'masked fields are left out, at any depth and spelling',
    file: 'src/call/mask.ts',
    edits: [[`return fields.has(whole) || whole.split('.').some((part) => fields.has(part))`, `return fields.has(name)`]],
    tests: 'test/call',
  },
  {
    safeguard: 'nobody filters by what is hidden from them',
    file: 'src/call/look.ts',
    edits: [[`if (hidden !== undefined)`, `if (hidden === '')`]],
    tests: 'test/call',
  },
  {
    safeguard: 'every row is judged',
    file: 'src/call/mask.ts',
    edits: [[`if (!lets(decision)) continue`, `if (decision.rule === '') continue`]],
    tests: 'test/call',
  },
  {
    safeguard: 'a plan names only what the tool declares',
    file: 'src/call/plan.ts',
    edits: [[`if (kept.effects.length === 0 || undeclared !== undefined) {`, `if (kept.effects.length === 0) {`]],
    tests: 'test/call',
  },
  {
    safeguard: 'the record is the one that was read (expect_rev)',
    file: 'src/call/work.ts',
    edits: [
      [`if (expectRev !== undefined && plan.rev !== expectRev) {`, `if (expectRev === '' && plan.rev !== expectRev) {`],
    ],
    tests: 'test/call',
  },
  {
    safeguard: 'a malformed flag never means "go ahead"',
    file: 'src/call/arguments.ts',
    edits: [[`if (typeof dryRun !== 'boolean') throw`, `if (typeof dryRun === 'symbol') throw`]],
    tests: 'test/call',
  },
  {
    safeguard: 'a real account starts with previews only',
    file: 'src/config/load.ts',
    edits: [[`writes: writes ?? (sandbox ? 'on' : 'off'),`, `writes: writes ?? 'on',`]],
    tests: 'test/call/real-account.test.ts',
  },
  {
    safeguard: 'foreign host names are turned away (DNS rebinding)',
    file: 'src/serve/guard.ts',
    edits: [[`if (host === undefined || !hosts.has(host.toLowerCase()))`, `if (host === undefined)`]],
    tests: 'test/serve',
  },
  {
    safeguard: 'foreign origins are turned away',
    file: 'src/serve/guard.ts',
    edits: [[`if (origin !== undefined && !origins.has(origin))`, `if (origin === '?')`]],
    tests: 'test/serve',
  },
  {
    safeguard: 'nothing invisible reaches a reader',
    file: 'src/kit/text.ts',
    edits: [[`.replace(invisible, '')`, ``]],
    tests: 'test/kit',
  },
  {
    safeguard: 'secrets are found in base64 too',
    file: 'src/egress/secrets.ts',
    edits: [[`...base64Spellings(secret, 'base64'),`, ``]],
    tests: egress,
  },
  {
    safeguard: 'a secret file that others can read is refused',
    file: 'src/egress/credentials.ts',
    edits: [[`(stat.mode & readableByOthers) !== 0`, `(stat.mode & readableByOthers) < 0`]],
    tests: egress,
  },
  {
    safeguard: 'sealed text opens only in its place',
    file: 'src/egress/sealing.ts',
    edits: [
      [`decipher.setAAD(Buffer.from(place)).setAuthTag`, `decipher.setAuthTag`],
      [`.setAAD(Buffer.from(place))`, ``],
    ],
    tests: 'test/egress/sealing.test.ts',
  },
  {
    safeguard: 'a yes is to what was on the screen (the digest)',
    file: 'src/call/approvals.ts',
    edits: [[`if (seen.digest !== operation.planDigest) {`, `if (seen.digest === '') {`]],
    tests: approvals,
  },
  {
    safeguard: 'a yes of the requester is none, under whatever name',
    file: 'src/call/approver.ts',
    edits: [
      [
        `return hub.identityOf(one).toLowerCase() === hub.identityOf(other).toLowerCase()`,
        `return one === 'nobody' && hub.identityOf(other) === one`,
      ],
    ],
    tests: approvals,
  },
  {
    safeguard: 'only the channels of people decide',
    file: 'src/call/approver.ts',
    edits: [[`if (!channels.includes(approver.channel)) {`, `if (approver.id === '') {`]],
    tests: approvals,
  },
  {
    safeguard: 'what is approved is what was hashed (an altered record is void)',
    file: 'src/call/intact.ts',
    edits: [
      [
        `return digest(operation.args) === operation.argsDigest && boundDigest(operation, binding) === operation.planDigest`,
        `return digest(operation.args) !== '' && boundDigest(operation, binding) !== ''`,
      ],
    ],
    tests: approvals,
  },
  {
    safeguard: 'an approval is used once (consumed by the release)',
    file: 'src/call/release.ts',
    edits: [
      [
        `const moved = await move(operation, change, work.call, hub, { plan: operation.plan, plan_digest: operation.planDigest })`,
        `const moved: Operation | undefined = { ...operation, ...change, state: 'intent' }`,
      ],
    ],
    tests: approvals,
  },
  {
    safeguard: 'the switch is asked before every send',
    file: 'src/call/switch.ts',
    edits: [[`  if (!found) return\n`, `  if (found?.by !== '') return\n`]],
    tests: approvals,
  },
  {
    safeguard: 'a click is believed only with the signature of Slack',
    file: 'src/hub/slack/clicks.ts',
    edits: [
      [
        `return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)`,
        `return given.byteLength > 0 && (given.byteLength !== expected.byteLength || timingSafeEqual(given, given))`,
      ],
    ],
    tests: 'test/approvals/slack.test.ts',
  },
  {
    safeguard: 'a click counts once, and only while it is fresh',
    file: 'src/hub/slack/clicks.ts',
    edits: [[`if (!(await first(signature))) return`, `if ((await first(signature)) === undefined) return`]],
    tests: 'test/approvals/slack.test.ts',
  },
  {
    safeguard: 'a task belongs to whoever made the call',
    file: 'src/call/operation-get.ts',
    edits: [
      [
        `if (!found || found.tenant !== principal.tenant || found.principal !== principal.id) {`,
        `if (!found || found.tenant !== principal.tenant) {`,
      ],
    ],
    tests: 'test/tasks.test.ts',
  },
  {
    safeguard: 'another look before each request: a process that stood still may have been given up',
    file: 'src/hub/vendors.ts',
    edits: [[`await refuseGivenUp(receipt, options.services())`, `void refuseGivenUp`]],
    tests: 'test/faults/paused.test.ts',
  },
  {
    safeguard: 'credentials of the hub are sent nowhere in arguments',
    file: 'src/call/arguments.ts',
    edits: [[`hub.scrub<Json>(given) === given`, `hub.scrub<Json>(given) !== undefined`]],
    tests: 'test/call/handle.test.ts',
  },
  {
    safeguard: 'a token that is exchanged for itself is not passed on',
    file: 'src/identity/token-exchange.ts',
    edits: [[`if (answer.data.access_token === token)`, `if (answer.data.access_token === '')`]],
    tests: 'test/connect/exchange.test.ts',
  },
  {
    safeguard: 'no database on a network file system',
    file: 'src/store/sqlite/files.ts',
    edits: [[`  refuseNetwork(file)`, `  void refuseNetwork`]],
    tests: 'test/bad-input/idem.test.ts',
  },
]
