// The admin app: signs in, keeps listening for news, and shows one page at a time.
import { render } from 'preact'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { isLive, listen, loadMe, me, signOut } from './api.ts'
import { Calls } from './pages/calls.tsx'
import { Call } from './pages/call.tsx'
import { Connections } from './pages/connections.tsx'
import { Grants } from './pages/grants.tsx'
import { Notifications } from './pages/notifications.tsx'
import { Policies } from './pages/policies.tsx'
import { Queue } from './pages/queue.tsx'
import { Request } from './pages/request.tsx'
import { cameBack, SignIn } from './pages/sign-in.tsx'
import { StopButton, Stopped } from './stop.tsx'
import { mayAs } from '../wire.ts'
import { Tools } from './pages/tools.tsx'
import { Usage } from './pages/usage.tsx'
import { Link, path } from './router.tsx'
import './style.css'

const pages = [
  ['approvals', 'Approvals'],
  ['grants', 'Grants'],
  ['tools', 'Tools'],
  ['calls', 'Calls'],
  ['policies', 'Policies'],
  ['usage', 'Usage'],
  ['connections', 'Connections'],
  ['notifications', 'Notifications'],
] as const

/** Known before any page has read the link and taken it out of the address. */
const cameByLink = (location.pathname.endsWith('/sign-in') && location.hash !== '') || cameBack()

function App() {
  // A link signs in first: asking who one is at the same time could answer "nobody" after it.
  useEffect(() => {
    if (!cameByLink) void loadMe().catch(() => (me.value = 'nobody'))
  }, [])
  const person = me.value
  const signedIn = typeof person === 'object'
  useEffect(() => (signedIn ? listen() : undefined), [signedIn])
  const [, , section = '', id] = path.value.split('/')
  if (section === 'sign-in' || person === 'nobody') return <SignIn />
  if (!person) return <p class="muted alone">Loading …</p>
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <Link to="/admin/approvals" class="brand">
          Toolgate
        </Link>
        <nav aria-label="Pages">
          <ul>
            {pages.map(([name, title]) => (
              <li key={name}>
                <Link to={`/admin/${name}`} current={name === (section || 'approvals')}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div class="who">
          <span class={`live ${isLive.value ? 'yes' : ''}`}>{isLive.value ? 'Live' : 'Not live'}</span>
          {mayAs(person.role, 'operator') && <StopButton />}
          <span class="person">
            {person.name} <span class="muted">({person.role})</span>
          </span>
          <button onClick={() => void signOut().catch(() => undefined)}>Sign out</button>
        </div>
      </header>
      <Stopped />
      <main id="content">{pageOf(section, id)}</main>
    </>
  )
}

function pageOf(section: string, id: string | undefined): ComponentChildren {
  switch (section) {
    case 'grants':
      return <Grants />
    case 'notifications':
      return <Notifications />
    case 'tools':
      return <Tools />
    case 'calls':
      return id === undefined || id === '' ? <Calls /> : <Call key={id} id={id} />
    case 'policies':
      return <Policies />
    case 'usage':
      return <Usage />
    case 'connections':
      return <Connections />
    default:
      return id === undefined || id === '' ? <Queue /> : <Request key={id} id={id} />
  }
}

const root = document.getElementById('app')
if (root) render(<App />, root)
