// Every tool, its state and why; turning one on or off after seeing what changes for whom; and going back.
import { useState } from 'preact/hooks'
import { get, me, post } from '../api.ts'
import { Badge, Dialog, Failed, Field, Lines, Time, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { mayAs } from '../../wire.ts'
import type { ConfigVersion, ToolChange, ToolView } from '../../wire.ts'

export function Tools() {
  const loaded = useLoad(() => get<readonly ToolView[]>('tools'), 'tools')
  const [wanted, setWanted] = useState('')
  const [state, setState] = useState('')
  const [change, setChange] = useState<{ tool: string; on: boolean }>()
  const [history, setHistory] = useState(false)
  const tools = loaded.value ?? []
  const found = tools.filter(
    (tool) =>
      (state === '' || tool.state === state) &&
      `${tool.name} ${tool.title} ${tool.class}`.toLowerCase().includes(wanted.toLowerCase()),
  )
  const instances = [...new Set(found.map(({ instance }) => instance))]
  const on = tools.filter((tool) => tool.state === 'on').length
  return (
    <>
      <Title note={`${on} of ${tools.length} tools are on`}>Tools</Title>
      <div class="filters">
        <Field label="Search">
          <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </Field>
        <Field label="State">
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">all</option>
            <option value="on">on</option>
            <option value="off">off</option>
            <option value="hidden">hidden</option>
          </select>
        </Field>
        <button onClick={() => setHistory(true)}>History of the configuration</button>
      </div>
      <Waiting of={loaded} />
      {instances.map((instance) => (
        <section key={instance} class="card" aria-labelledby={`in-${instance}`}>
          <h2 id={`in-${instance}`}>{instance}</h2>
          <ul class="tools">
            {found
              .filter((tool) => tool.instance === instance)
              .map((tool) => (
                <Item key={tool.name} tool={tool} toggle={() => setChange({ tool: tool.name, on: tool.state === 'off' })} />
              ))}
          </ul>
        </section>
      ))}
      {change && (
        <Confirm
          {...change}
          onClose={() => {
            setChange(undefined)
            loaded.reload()
          }}
        />
      )}
      {history && (
        <History
          onClose={() => {
            setHistory(false)
            loaded.reload()
          }}
        />
      )}
    </>
  )
}

function isAdmin(): boolean {
  const person = me.value
  return typeof person === 'object' && mayAs(person.role, 'admin')
}

function Item({ tool, toggle }: { readonly tool: ToolView; readonly toggle: () => void }) {
  const on = tool.state !== 'off'
  return (
    <li>
      <div class="switchbox">
        {tool.switchable && (
          <button
            role="switch"
            aria-checked={on}
            aria-label={tool.name}
            class="switch"
            disabled={!isAdmin()}
            onClick={toggle}
          >
            <span />
          </button>
        )}
      </div>
      <div class="about">
        <div class="row">
          <code>{tool.name}</code>
          <Badge>{tool.state}</Badge>
          <span class="class" title={classWords[tool.class]}>
            {tool.class}: {classWords[tool.class]}
          </span>
        </div>
        <p class="small">{tool.description}</p>
        <p class="muted small">
          {tool.why}
          {tool.readOnly !== undefined && `. ${tool.readOnly}`}
        </p>
        {tool.scopes.length > 0 && (
          <details class="small">
            <summary>{tool.scopes.length === 1 ? '1 scope' : `${tool.scopes.length} scopes`}</summary>
            {tool.scopes.map((scope) => (
              <code key={scope} class="scope">
                {scope}
              </code>
            ))}
          </details>
        )}
      </div>
      <div class="figures muted small">
        {tool.calls === 0 ? (
          'not used in 7 days'
        ) : (
          <>
            {tool.calls} calls in 7 days, {percent(tool.failures / tool.calls)} failed
          </>
        )}
        {tool.lastUsedAt !== undefined && (
          <div>
            last used <Time at={tool.lastUsedAt} />
          </div>
        )}
      </div>
    </li>
  )
}

const classWords: Readonly<Record<string, string>> = {
  R: 'reads',
  RP: 'reads what is private',
  W1: 'writes reversibly',
  W2: 'writes and people notice',
  W3: 'visible outside or binding',
  D: 'destroys',
  X: 'changes permissions',
}

function percent(part: number): string {
  return `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`
}

function Confirm({ tool, on, onClose }: { readonly tool: string; readonly on: boolean; readonly onClose: () => void }) {
  const loaded = useLoad(() => get<ToolChange>(`tools/${tool}/change?on=${on}`), `${tool} ${on}`)
  const change = loaded.value
  const save = useAction(async () => {
    await post(`tools/${tool}/change`, { on, base: change?.base })
    onClose()
  })
  return (
    <Dialog title={`Turn ${tool} ${on ? 'on' : 'off'}`} onClose={onClose}>
      <Waiting of={loaded} />
      {change && (
        <>
          {change.changed.length === 0 ? <p>The file says so already.</p> : <p class="small muted">{change.file}</p>}
          <Lines changed={change.changed} />
          <dl class="facts">
            {change.gains.length > 0 && (
              <>
                <dt>Gain it</dt>
                <dd>{change.gains.join(', ')}</dd>
              </>
            )}
            {change.loses.length > 0 && (
              <>
                <dt>Lose it</dt>
                <dd>{change.loses.join(', ')}</dd>
              </>
            )}
            {change.gains.length + change.loses.length === 0 && (
              <>
                <dt>For whom</dt>
                <dd>nobody: no policy lets anybody use it</dd>
              </>
            )}
            {change.unaffected.length > 0 && (
              <>
                <dt>Not affected</dt>
                <dd>{change.unaffected.join(', ')} (no policy lets them use it)</dd>
              </>
            )}
          </dl>
        </>
      )}
      <Failed of={save} />
      <div class="buttons">
        <button class="primary" disabled={!change || change.changed.length === 0 || save.busy} onClick={save.run}>
          Save
        </button>
        <button onClick={onClose}>Cancel</button>
      </div>
    </Dialog>
  )
}

function History({ onClose }: { readonly onClose: () => void }) {
  const loaded = useLoad(() => get<{ file: string; versions: readonly ConfigVersion[] }>('configuration'), 'history')
  const [chosen, setChosen] = useState<string>()
  return (
    <Dialog title="History of the configuration" onClose={onClose}>
      <Waiting of={loaded} />
      {chosen === undefined && (
        <ol class="versions">
          {loaded.value?.versions.map((version) => (
            <li key={version.id}>
              <span>
                {version.what}{' '}
                <span class="muted small">
                  by {version.by}, <Time at={version.at} />
                </span>
              </span>
              {version.current ? (
                <Badge tone="good">in force</Badge>
              ) : (
                <button onClick={() => setChosen(version.id)}>Bring back …</button>
              )}
            </li>
          ))}
        </ol>
      )}
      {chosen !== undefined && <Restore id={chosen} onClose={onClose} />}
      <div class="buttons">
        <button onClick={onClose}>Close</button>
      </div>
    </Dialog>
  )
}

function Restore({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const loaded = useLoad(() => get<Pick<ToolChange, 'base' | 'changed'>>(`configuration/${id}`), id)
  const restore = useAction(async () => {
    await post(`configuration/${id}/restore`, { base: loaded.value?.base })
    onClose()
  })
  return (
    <>
      <p>This puts the file back, byte for byte, as it was then.</p>
      <Waiting of={loaded} />
      {loaded.value && <Lines changed={loaded.value.changed} />}
      <Failed of={restore} />
      <div class="buttons">
        <button class="primary" disabled={!loaded.value || restore.busy || !isAdmin()} onClick={restore.run}>
          Bring back
        </button>
      </div>
    </>
  )
}
