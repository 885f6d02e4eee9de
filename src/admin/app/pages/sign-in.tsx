// Signing in: by a one-time link, whose token comes after the # where only this page reads it, or at an identity provider.
import { useEffect } from 'preact/hooks'
import { me, signIn, signInAway, signInBack, signInProvider } from '../api.ts'
import { Failed, Title, useAction, useLoad } from '../parts.tsx'
import { go } from '../router.tsx'

export function SignIn() {
  const token = location.hash.slice(1)
  const answer = cameBack() ? location.search : ''
  const provider = useLoad(signInProvider, 'provider')
  const coming = useAction(async () => {
    // It is used up in a moment, and has no place in the history.
    history.replaceState(undefined, '', location.pathname)
    await (answer === '' ? signIn(token) : signInBack(answer))
    go('/admin/approvals')
  })
  const away = useAction(signInAway)
  useEffect(() => {
    if (token !== '' || answer !== '') coming.run()
    else if (typeof me.value === 'object') go('/admin/approvals')
  }, [])
  return (
    <main class="alone" id="content">
      <Title>Sign in to Toolgate</Title>
      <Failed of={coming} />
      <Failed of={away} />
      {provider.value !== undefined && (
        <>
          <p>
            <button class="primary" disabled={away.busy || coming.busy} onClick={away.run}>
              Sign in with {provider.value}
            </button>
          </p>
          <h2>Or with a link</h2>
        </>
      )}
      {coming.busy ? (
        <p role="status">Signing in …</p>
      ) : (
        <p>Run this where Toolgate runs, and open the link that it prints:</p>
      )}
      <pre tabIndex={0} aria-label="Command">
        <code>toolgate admin</code>
      </pre>
      <p class="muted">
        Somebody else of the configuration signs in with <code>toolgate admin --person ID</code>.
      </p>
    </main>
  )
}

/** Whether the identity provider sent the browser here. */
export function cameBack(): boolean {
  return location.pathname.endsWith('/sign-in') && new URLSearchParams(location.search).has('state')
}
