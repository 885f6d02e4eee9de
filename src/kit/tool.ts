// A tool is a value: what it is called, what it takes and gives, how it looks and, if it writes, how it plans and applies.
import type { z } from 'zod'
import type { Json, JsonObject } from './json.ts'

/**
 * What a tool can do to the world.
 * R reads; RP reads what is private; W1 writes reversibly and tells nobody; W2 writes and people or automations notice;
 * W3 is visible outside or binds; D destroys; X changes permissions or schema.
 */
export type ReadClass = 'R' | 'RP'
export type WriteClass = 'W1' | 'W2' | 'W3' | 'D' | 'X'
export type ToolClass = ReadClass | WriteClass

/** What an effect does to its target. */
export type Verb = 'create' | 'update' | 'delete' | 'send' | 'run'

/** Where a record lives, as ids that a rule's `where` can name: `{ 'jira.project': 'OPS' }`. */
export type Resources = Readonly<Record<string, string | readonly string[]>>

/**
 * What a tool sees of the world. In a plan, `vendor` has no way to write: a vendor keeps everything that changes
 * something under `write`, which is missing here by type, and its fetch refuses it at run time.
 */
export interface Reads<Vendor> extends Looks {
  readonly vendor: Omit<Vendor, 'write'>
}

interface Looks {
  readonly now: Date
  readonly signal: AbortSignal
  /**
   * The ids to which policy narrows this person for one kind of resource, or undefined where it does not. Use it to
   * ask the vendor for less; the hub checks every record again.
   */
  within(kind: string): readonly string[] | undefined
  /**
   * Call it as soon as the record is resolved, before anything is said of it: it ends the call, as if there were no such
   * record, when no policy could let this person use it. What a plan throws before that is not told to those whom a
   * `where` narrows.
   *
   * @throws HubError `not_found`
   */
  admit(resources: Resources): void
}

/** What `apply` sees: a vendor that can reach the tool's own routes, and nothing else. */
export interface Writes<Vendor> extends Looks {
  readonly vendor: Vendor
  /** Stable across retries of the same operation. Pass it on wherever the vendor takes one. */
  readonly operationId: string
}

/** What a tool sees when it is asked whether an operation happened. */
export interface Asks<Vendor> extends Reads<Vendor> {
  readonly operationId: string
  /** When the send began: nothing older can be it. */
  readonly sentAt: Date
}

/** What the vendor shows of an operation whose answer was lost. */
export type Evidence<Out> =
  | { readonly verdict: 'happened'; readonly output?: Out | undefined }
  /** It is not there; counts only once `settlesMs` have passed since the send. */
  | { readonly verdict: 'absent' }
  | { readonly verdict: 'unclear' }

/** What was done, as its undo needs it. */
export interface Done<Request, Out> {
  readonly request: Request
  /** What apply gave; undefined when only a reconcile knows that it happened. */
  readonly output: Out | undefined
  readonly effects: readonly Effect[]
  readonly at: Date
}

/** The call that takes something back: a call like any other, under the same policies. */
export interface Undo {
  /** A tool of the same connector, without its prefix. */
  readonly tool: string
  readonly input: JsonObject
  readonly fidelity: Exclude<UndoFidelity, 'none'>
  /** What stays as it is: notifications that were sent, a new id. */
  readonly warnings: readonly string[]
}

/** One change to one thing, told before it happens. */
export interface Effect {
  readonly verb: Verb
  /** The resolved thing: `jira:issue/OPS-42`. */
  readonly target: string
  /** Where the resolved thing lives. */
  readonly resources: Resources
  /** Empty when it is created. */
  readonly before: JsonObject
  /** Empty when it is deleted. */
  readonly after: JsonObject
}

/** Who will see it or be told. */
export interface Audience {
  /** Whether anyone outside the company is among them. */
  readonly external: boolean
  readonly people: number | 'unknown'
  readonly massMention: boolean
  /** In words: `#support, 12 people`. */
  readonly where: string
}

/** How well the write could be taken back. */
export type UndoFidelity = 'exact' | 'partial' | 'lossy' | 'none'

/** What a write would change, found out without changing it. */
export interface Plan<Request extends Json = Json> {
  readonly summary: string
  readonly effects: readonly Effect[]
  readonly audience: Audience
  /** The version of the record this plan was made on; apply refuses when it has moved. */
  readonly rev?: string | undefined
  /** How far the vendor confirmed this: it ran it, it checked the fields and permissions, or we only computed it. */
  readonly fidelity: 'server' | 'checked' | 'local'
  readonly undo: UndoFidelity
  readonly warnings: readonly string[]
  /** All that `apply` will be given. What was approved is what is done. */
  readonly request: Request
}

interface Described<In extends z.ZodObject, Out extends z.ZodObject> {
  /** `<noun>_<verb>`; the hub puts the instance's prefix before it. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** The exact vendor permissions it needs. */
  readonly scopes: readonly string[]
  readonly default: 'on' | 'off'
  /** The kinds of resource its records live in, which a rule's `where` may name. */
  readonly resolves?: readonly string[]
  /** Strict objects: an unknown property is refused by name. */
  readonly input: In
  readonly output: Out
  /** A call that works on the sandbox as seeded. */
  readonly example: z.input<In>
}

/** For an answer that is a list: which property holds it, and where each row lives. */
type Rows<Out> = {
  readonly [Key in keyof Out & string]: Out[Key] extends readonly (infer Row)[]
    ? { readonly in: Key; readonly resources: (row: Row) => Resources }
    : never
}[keyof Out & string]

export interface ReadTool<Vendor, In extends z.ZodObject, Out extends z.ZodObject> extends Described<In, Out> {
  readonly class: ReadClass
  /** Where the one record of the answer lives. */
  readonly resources?: (output: z.output<Out>) => Resources
  readonly rows?: Rows<z.output<Out>>
  run(input: z.output<In>, context: Reads<Vendor>): Promise<z.input<Out>>
}

export interface WriteTool<Vendor, In extends z.ZodObject, Out extends z.ZodObject, Request extends Json> extends Described<
  In,
  Out
> {
  readonly class: WriteClass
  /** What it mostly does; `update` and `delete` get `expect_rev`. */
  readonly verb: Verb
  /** The only routes `apply` may write to: `POST /rest/api/3/issue/{key}/comment`. */
  readonly routes: readonly string[]
  /** Every property that `before` and `after` of its effects may have; a rule may mention no other. */
  readonly changes: readonly string[]
  plan(input: z.output<In>, context: Reads<Vendor>): Promise<Plan<Request>>
  apply(request: Request, context: Writes<Vendor>): Promise<z.input<Out>>
  /** Looks at the vendor for what apply leaves there: the operation's id, or the state it asked for. */
  reconcile?(request: Request, context: Asks<Vendor>): Promise<Evidence<z.input<Out>>>
  /** For how long after the send "not there" proves nothing, in milliseconds: index lag, late execution. */
  readonly settlesMs?: number
  /**
   * The call that takes it back, on the record as it is now.
   *
   * @throws HubError `conflict` when somebody has changed since then what this changed, naming it
   */
  undo?(done: Done<Request, z.output<Out>>, context: Reads<Vendor>): Promise<Undo>
}

// The hub holds tools of every vendor in one list, and looks into none of them: `any` is the only common type, since a
// function parameter is contravariant.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any
export type AnyReadTool = { readonly kind: 'read' } & ReadTool<Any, Any, Any>
export type AnyWriteTool = { readonly kind: 'write' } & WriteTool<Any, Any, Any, Any>
/** A tool of any vendor. */
export type Tool = AnyReadTool | AnyWriteTool

/** A tool that only looks. */
export function readTool<Vendor, In extends z.ZodObject, Out extends z.ZodObject>(tool: ReadTool<Vendor, In, Out>): Tool {
  return { kind: 'read', ...tool }
}

/** A tool that changes something: it can be previewed, or it cannot be written. */
export function writeTool<Vendor, In extends z.ZodObject, Out extends z.ZodObject, Request extends Json>(
  tool: WriteTool<Vendor, In, Out, Request>,
): Tool {
  return { kind: 'write', ...tool }
}
