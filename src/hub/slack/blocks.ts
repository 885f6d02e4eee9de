// One approval request as Slack shows it: the same content as the admin app, in Block Kit, where no text of others is parsed.
// https://docs.slack.dev/reference/block-kit/blocks
import { reveal } from '../../admin/reveal.ts'
import type { ApprovalView } from '../../call/approval-view.ts'
import { canonical } from '../../kit/json.ts'
import type { Json, JsonObject } from '../../kit/json.ts'

/** What the buttons carry back: the digest is of what this message shows. */
export interface Shown {
  readonly id: string
  readonly digest: string
}

export const actions = { approve: 'toolgate_approve', deny: 'toolgate_deny', open: 'toolgate_open' } as const

/** Slack's own bounds: blocks of a message, and characters of a text within one. */
const blocksMax = 45
const textMax = 2900

export interface Message {
  /** For notifications and screen readers; in the hub's words alone. */
  readonly text: string
  readonly blocks: readonly JsonObject[]
}

/**
 * @param link where the admin app shows the same request
 * @param links the pages at the vendor, one for each effect that has one
 */
export function requestMessage(
  view: ApprovalView,
  link: string | undefined,
  links: readonly (string | undefined)[] = [],
): Message {
  const body = bodyOf(view, links)
  const whole = body !== undefined
  const blocks = [
    header(headline(view)),
    plain(
      `${view.principal} asks through ${view.tool}. It needs ${view.needs}, until ${view.expiresAt}. Risk: ${view.risk}.`,
    ),
    ...(body ?? [
      plain('This request is too long for Slack. Open it in the admin app: only there can all of it be seen and approved.'),
    ]),
    ...buttons(view, link, whole),
  ]
  return { text: `${headline(view)}: ${view.tool} of ${view.principal}`, blocks }
}

function headline(view: ApprovalView): string {
  const heads: Readonly<Record<ApprovalView['state'], string>> = {
    waiting: 'Approval needed',
    approved: 'Approved, waiting for its requester to call again',
    running: 'Approved, being carried out',
    done: 'Approved and done',
    failed: 'Approved, but it failed',
    unknown: 'Approved; it is not known whether it was done',
    denied: 'Denied',
    expired: 'Expired: nobody decided in time',
    void: 'Void: the record moved',
    changed: 'Replaced by an approver’s edit',
    cancelled: 'Taken back by whoever asked',
    stopped: 'Stopped by the switch',
    altered: 'Void: its record was changed',
  }
  return heads[view.state]
}

/** Undefined when Slack cannot show all of it. */
function bodyOf(view: ApprovalView, links: readonly (string | undefined)[]): readonly JsonObject[] | undefined {
  const blocks: JsonObject[] = [plain('What it would do:'), fixed(view.summary)]
  for (const [index, effect] of view.effects.entries()) {
    blocks.push(plain(`${effect.verb}:`), fixed(effect.target), ...linked(links[index]))
    const names = [...new Set([...Object.keys(effect.before), ...Object.keys(effect.after)])]
    for (const name of names) {
      blocks.push(
        plain(`${revealed(name)}, before and after:`),
        fixed(said(effect.before[name])),
        fixed(said(effect.after[name])),
      )
    }
  }
  if (view.audience) {
    const { where, people, external, massMention } = view.audience
    const outside = external ? ' Somebody outside the company is among them.' : ''
    const mass = massMention ? ' It notifies everybody there.' : ''
    blocks.push(plain(`Who will see it: ${String(people)} people.${outside}${mass}`), fixed(where))
  }
  for (const warning of view.warnings) blocks.push(plain('Warning:'), fixed(warning))
  const given = view.granted.map(({ by }) => by)
  if (given.length > 0) blocks.push(plain(`Said yes: ${given.join(', ')}.`))
  if (view.outcome) blocks.push(plain('Outcome:'), fixed(view.outcome.message))
  blocks.push(plain('The agent’s own words, which prove nothing:'), fixed(canonical(view.untrusted.arguments)))
  blocks.push(plain(`SHA-256 of all that is approved: ${view.digest}`))
  const fits = blocks.length + 4 <= blocksMax && blocks.every((block) => JSON.stringify(block).length <= textMax)
  return fits ? blocks : undefined
}

function buttons(view: ApprovalView, link: string | undefined, whole: boolean): readonly JsonObject[] {
  const value = canonical({ id: view.id, digest: view.digest } satisfies Shown)
  const open = link === undefined ? [] : [{ ...button('Open in Toolgate', actions.open, value), url: link }]
  if (view.state !== 'waiting') return open.length > 0 ? [{ type: 'actions', elements: open }] : []
  const approve = whole ? [{ ...button('Approve', actions.approve, value), style: 'primary' }] : []
  const deny = [{ ...button('Deny…', actions.deny, value), style: 'danger' }]
  return [{ type: 'actions', elements: [...approve, ...deny, ...open] }]
}

/** Asks why; what is typed comes back as `reason.reason`. */
export function reasonModal(shown: Shown): JsonObject {
  return {
    type: 'modal',
    callback_id: actions.deny,
    private_metadata: canonical({ ...shown }),
    title: words('Deny the request'),
    submit: words('Deny'),
    close: words('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        optional: true,
        label: words('Reason, which the agent will read'),
        element: { type: 'plain_text_input', action_id: 'reason', multiline: true, max_length: 500 },
      },
    ],
  }
}

function button(text: string, action: string, value: string): JsonObject {
  return { type: 'button', text: words(text), action_id: action, value }
}

function header(text: string): JsonObject {
  return { type: 'header', text: words(text) }
}

function plain(text: string): JsonObject {
  return { type: 'section', text: words(text) }
}

function words(text: string): JsonObject {
  return { type: 'plain_text', text, emoji: false }
}

/** Fixed width and unparsed: no mention, link, emoji or formatting in it means anything. */
function fixed(text: string): JsonObject {
  const elements = [{ type: 'text', text: revealed(text) || '(empty)' }]
  return { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements }] }
}

/** Its words are ours, so that none of others can stand for another address. */
function linked(url: string | undefined): readonly JsonObject[] {
  if (url === undefined) return []
  const elements = [{ type: 'link', url, text: 'Open at the vendor' }]
  return [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }]
}

function said(value: Json | undefined): string {
  if (value === undefined) return '(nothing)'
  return typeof value === 'string' ? value : canonical(value)
}

/** What hides becomes a mark. */
function revealed(text: string): string {
  return reveal(text, true)
    .lines.map(({ pieces, empty }) => (empty > 0 ? `⟦${empty} empty lines⟧` : pieces.map(({ shown }) => shown).join('')))
    .join('\n')
}
