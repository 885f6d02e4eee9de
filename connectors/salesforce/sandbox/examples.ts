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
  /** A task in the recycle bin. */
  deletedTask: sandboxId('00T', 4),
  /** Brightwater’s fourteen sites. */
  project: sandboxId('a00', 1),
  /** A project in the recycle bin. */
  deletedProject: sandboxId('a00', 2),
  /** Open opportunities by stage. */
  report: sandboxId('00O', 1),
} as const
