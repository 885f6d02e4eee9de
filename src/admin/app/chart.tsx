// Lines over time, on a canvas; the tables beside it say the same in words. Loaded with the first chart.
import { useEffect, useRef } from 'preact/hooks'
import type uPlot from 'uplot'

export interface Series {
  readonly label: string
  /** The name of a colour in the style sheet. */
  readonly color: string
  readonly values: readonly number[]
}

interface ChartProps {
  readonly label: string
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly unit?: string
}

const height = 220

export function Chart({ label, times, series, unit = '' }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const target = box.current
    if (!target) return undefined
    let plot: uPlot | undefined
    let gone = false
    const size = new ResizeObserver(() => plot?.setSize({ width: target.clientWidth, height }))
    const draw = async () => {
      const { default: Plot } = await import('uplot')
      if (gone) return
      plot?.destroy()
      plot = new Plot(
        optionsOf(series, unit, target.clientWidth),
        [[...times], ...series.map(({ values }) => [...values])],
        target,
      )
    }
    void draw()
    size.observe(target)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => void draw()
    scheme.addEventListener('change', redraw)
    return () => {
      gone = true
      size.disconnect()
      scheme.removeEventListener('change', redraw)
      plot?.destroy()
    }
  }, [times, series])
  return (
    <figure class="chart">
      <figcaption>
        {label}
        <ul class="legend">
          {series.map((each) => (
            <li key={each.label} class={`of-${each.color}`}>
              {each.label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={box}
        role="img"
        aria-label={`${label}: ${series.map(({ label: name, values }) => `${name} ${values.reduce((sum, value) => Math.max(sum, value), 0)}${unit} at most`).join(', ')}`}
      />
    </figure>
  )
}

function optionsOf(series: readonly Series[], unit: string, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const axis = {
    stroke: color('muted'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { points: { show: false } },
    axes: [
      axis,
      {
        ...axis,
        size: 56,
        values: (_plot, values) => values.map((value) => (Number.isInteger(value) ? `${value}${unit}` : '')),
      },
    ],
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
    series: [
      {},
      ...series.map((each) => ({ label: each.label, stroke: color(each.color), width: 2, points: { show: false } })),
    ],
  }
}
