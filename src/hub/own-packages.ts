// Lets connectors and conditions that live outside the package import `toolgate/kit` and `zod` from this very hub.
import { registerHooks } from 'node:module'

const ours = /^(toolgate\/kit|zod)$/
let registered = false

/** Safe to call again. Only what cannot be found from where it is imported is resolved from here. */
export function lendOwnPackages(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, next) {
      if (!ours.test(specifier)) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
}
