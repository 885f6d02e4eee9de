// The sentences in force; what they would say of a call; and whether their scenarios hold.
import { useState } from 'preact/hooks'
import { get, me, post } from '../api.ts'
import { Badge, Failed, Field, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { Text } from '../text.tsx'
import { Sentences } from '../sentences.tsx'
import { mayAs } from '../../wire.ts'
import type { PoliciesView, ScenarioView, Tried } from '../../wire.ts'

export function Policies() {
  const loaded = useLoad(() => get<PoliciesView>('policies'), 'policies')
  const person = me.value
  const may = typeof person === 'object' && mayAs(person.role, 'operator')
  return (
    <>
      <Title note="What no sentence allows is denied; the strictest that speaks decides">Policies</Title>
      <Waiting of={loaded} />
      {loaded.value && (
        <div class="stack">
          {may && <TryIt view={loaded.value} />}
          {may && <Scenarios />}
          {loaded.value.files.map(({ file, text }) => (
            <section key={file} class="card" aria-label={file}>
              <h2>{file}</h2>
              <Sentences text={text} label={file} />
            </section>
          ))}
        </div>
      )}
    </>
  )
}

function TryIt({ view }: { readonly view: PoliciesView }) {
  const [who, setWho] = useState(view.people[0]?.id ?? '')
  const [tool, setTool] = useState(view.tools[0]?.name ?? '')
  const [text, setText] = useState(exampleOf(view, view.tools[0]?.name))
  const [tried, setTried] = useState<Tried>()
  const attempt = useAction(async () => {
    let given: unknown
    try {
      given = JSON.parse(text)
    } catch {
      throw new Error('The arguments are not JSON.')
    }
    setTried(await post<Tried>('policies/try', { who, tool, arguments: given }))
  })
  return (
    <section class="card" aria-labelledby="try">
      <h2 id="try">Try it</h2>
      <p class="muted small">A write is only previewed. What a read finds is not shown here.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          attempt.run()
        }}
      >
        <div class="filters">
          <Field label="Who">
            <select value={who} onChange={(event) => setWho(event.currentTarget.value)}>
              {view.people.map(({ id, roles }) => (
                <option key={id} value={id}>{`${id} (${roles.join(', ')})`}</option>
              ))}
            </select>
          </Field>
          <Field label="Tool">
            <select
              value={tool}
              onChange={(event) => {
                setTool(event.currentTarget.value)
                setText(exampleOf(view, event.currentTarget.value))
              }}
            >
              {view.tools.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </Field>
        </div>
        <Field label="Arguments, as JSON">
          <textarea
            class="code"
            rows={6}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </Field>
        <div class="buttons">
          <button class="primary" type="submit" disabled={attempt.busy}>
            {attempt.busy ? 'Asking …' : 'What would happen?'}
          </button>
        </div>
      </form>
      <Failed of={attempt} />
      <div role="status" aria-live="polite">
        {tried && <Outcome of={tried} />}
      </div>
    </section>
  )
}

function exampleOf({ tools }: PoliciesView, name: string | undefined): string {
  return JSON.stringify(tools.find((tool) => tool.name === name)?.example ?? {}, undefined, 2)
}

function Outcome({ of }: { readonly of: Tried }) {
  const rules = (of.decision?.rules ?? []).toSorted(
    (left, right) => Number(left.outcome === 'silent') - Number(right.outcome === 'silent'),
  )
  return (
    <div class="outcome">
      <p>
        <Badge>{of.decision?.effect ?? of.status}</Badge> {of.message}
      </p>
      {of.decision?.instead !== undefined && <p class="muted">{of.decision.instead}</p>}
      {rules.length > 0 && (
        <table>
          <caption>Every rule for this person and tool</caption>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Says</th>
              <th scope="col">Outcome</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {rules.map((rule) => (
              <tr key={rule.rule} class={rule.outcome === 'silent' ? 'muted' : ''}>
                <td>
                  <code>{rule.rule}</code>
                </td>
                <td>
                  <Badge>{rule.effect}</Badge>
                </td>
                <td>{rule.outcome}</td>
                <td>{rule.why ?? rule.because ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {of.plan && (
        <details>
          <summary>The plan</summary>
          <Text text={JSON.stringify(of.plan, undefined, 2)} />
        </details>
      )}
    </div>
  )
}

function Scenarios() {
  const [results, setResults] = useState<readonly ScenarioView[]>()
  const run = useAction(async () => setResults(await post<readonly ScenarioView[]>('policies/scenarios', {})))
  const failed = results?.filter(({ passed }) => !passed) ?? []
  return (
    <section class="card" aria-labelledby="scenarios">
      <h2 id="scenarios">Scenarios</h2>
      <p class="muted small">
        What the policies are expected to do, run through the whole pipeline on sandboxes of their own.
      </p>
      <div class="buttons">
        <button onClick={run.run} disabled={run.busy}>
          {run.busy ? 'Running …' : 'Run the scenarios'}
        </button>
      </div>
      <Failed of={run} />
      <div role="status" aria-live="polite">
        {results && (
          <p class={`notice ${failed.length === 0 ? 'good' : 'bad'}`}>
            {results.length - failed.length} of {results.length} hold.
          </p>
        )}
      </div>
      {results && (
        <ul class="rules">
          {[...failed, ...results.filter(({ passed }) => passed)].map((each) => (
            <li key={`${each.at} ${each.name}`}>
              <Badge tone={each.passed ? 'good' : 'bad'}>{each.passed ? 'holds' : 'fails'}</Badge> {each.name}{' '}
              <span class="muted small">{each.at}</span>
              {each.reasons.map((reason) => (
                <div key={reason} class="muted">
                  {reason}
                </div>
              ))}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
