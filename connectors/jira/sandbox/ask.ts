// One request to the stand-in, with what is needed to answer it.
import type { SandboxRequest } from 'toolgate/kit'
import type { World } from './world.ts'

export interface Ask {
  readonly request: SandboxRequest
  /** The path's variable segments, in order. */
  readonly parameters: readonly string[]
  readonly world: World
  readonly now: Date
  /** Who asks: the hub's account, or somebody else of the company. */
  readonly actor: string
}
