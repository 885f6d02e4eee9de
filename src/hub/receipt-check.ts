// Checks a receipt that a caller kept: whether this hub gave it, and whether the record still says the same.
import { faultInReceipt, receiptName, SignedReceipt } from '../evidence/receipts.ts'
import { trusted } from '../evidence/key.ts'
import { parseJson } from '../kit/json.ts'
import type { Store } from '../kit/record.ts'

export interface ReceiptCheck {
  readonly ok: boolean
  readonly message: string
}

/** @param text a receipt, or a whole result with one in its `_meta` */
export async function checkReceipt(text: string, keys: readonly string[], store: Store): Promise<ReceiptCheck> {
  const { receipt, answer } = read(text)
  if (!receipt) return { ok: false, message: 'This is no receipt, and no result that has one.' }
  const fault = faultInReceipt(receipt, trusted(keys), answer)
  if (fault !== undefined) return { ok: false, message: fault }
  const { seq, entry, call, tenant } = receipt
  const entries = (await store.entriesOf(call)).filter((each) => each.tenant === tenant)
  const closed = entries.find(({ kind }) => kind === 'call.closed')
  if (!closed) return { ok: false, message: `The hub did give this receipt, but its record has no end of call ${call}.` }
  const named = seq === undefined ? closed : entries.find((each) => each.seq === seq)
  if (seq !== undefined && named?.hash !== entry) {
    return { ok: false, message: `The hub did give this receipt, but entry ${seq} of its record is another one now.` }
  }
  return {
    ok: true,
    message: `The hub gave this receipt, and entry ${closed.seq} of its record is the end of call ${call}.`,
  }
}

function read(text: string): { readonly receipt: SignedReceipt | undefined; readonly answer?: unknown } {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return { receipt: undefined }
  }
  const own = SignedReceipt.safeParse(value)
  if (own.success) return { receipt: own.data }
  const { _meta: meta, structuredContent } = (value ?? {}) as {
    _meta?: Record<string, unknown>
    structuredContent?: unknown
  }
  const inside = SignedReceipt.safeParse(meta?.[receiptName])
  return inside.success ? { receipt: inside.data, answer: structuredContent } : { receipt: undefined }
}
