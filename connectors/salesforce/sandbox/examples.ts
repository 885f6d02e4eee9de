// Records of the seeded company that the tools' examples speak of.
import { sandboxId } from './ids.ts'

export const exampleIds = {
  /** Brightwater Clinics. */
  account: sandboxId('001', 1),
  /** Brightwater Clinics: renewal. */
  opportunity: sandboxId('006', 1),
  /** Brightwater’s case. */
  case: sandboxId('500', 1),
  /** A task that is done. */
  task: sandboxId('00T', 1),
} as const
