// Which page is shown: the path of the address, without loading anything anew.
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

export const path = signal(location.pathname)
export const query = signal(location.search)

addEventListener('popstate', () => {
  path.value = location.pathname
  query.value = location.search
})

export function go(to: string): void {
  history.pushState(undefined, '', to)
  path.value = location.pathname
  query.value = location.search
  scrollTo(0, 0)
}

/** Changes the address without a step in the history: filters. */
export function setQuery(entries: Readonly<Record<string, string>>): void {
  const search = new URLSearchParams(Object.entries(entries).filter(([, value]) => value !== '')).toString()
  history.replaceState(undefined, '', search === '' ? path.value : `${path.value}?${search}`)
  query.value = location.search
}

interface LinkProps {
  readonly to: string
  readonly class?: string
  readonly current?: boolean
  readonly children: ComponentChildren
}

export function Link({ to, class: style, current, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  const link = useRef<HTMLAnchorElement>(null)
  // On a phone the row of pages is longer than the screen.
  useEffect(() => {
    if (current) link.current?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [current])
  return (
    <a href={to} class={style} aria-current={current ? 'page' : undefined} onClick={follow} ref={link}>
      {children}
    </a>
  )
}
