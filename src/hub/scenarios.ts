// Policy scenarios through the whole pipeline: the same configuration, on fresh sandboxes and a store that goes away.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import type { Hub, HubOptions } from '../hub.ts'
import { findScenarioFiles, loadScenarios, runScenarios } from '../policy/scenario.ts'
import type { Scenario, ScenarioAnswer, ScenarioResult } from '../policy/scenario.ts'
import { resetSandbox } from '../sandbox/admin.ts'
import type { LoadedVersion } from './version.ts'

type Adjusted = Pick<HubOptions, 'adjust' | 'everyTool' | 'now'>

/** @throws PolicyError with every problem of the scenario files */
export async function runPolicyScenarios(
  { config, version }: LoadedVersion,
  wanted: readonly string[] | undefined,
  open: (adjusted: Required<Adjusted>) => Promise<Hub>,
): Promise<readonly ScenarioResult[]> {
  const files = wanted ?? (await findScenarioFiles(config.policies))
  const shown = (file: string) => path.relative(config.folder, file) || file
  const scenarios = await loadScenarios({ files, shown, tools: [...version.offers.keys()] })
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-scenarios-'))
  let time: Date | undefined
  const hub = await open({ everyTool: true, now: () => time ?? new Date(), adjust: (read) => onSandboxes(read, folder) })
  try {
    return await runScenarios(scenarios, async (scenario) => {
      time = scenario.time
      resetSandbox(hub.sandboxFile)
      return await play(hub, scenario, scenarios.indexOf(scenario))
    })
  } finally {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function onSandboxes(config: LoadedConfig, folder: string): LoadedConfig {
  const instances = config.instances.map((instance) => ({ ...instance, sandbox: true, writes: 'on' as const }))
  return { ...config, instances, store: { kind: 'sqlite', file: path.join(folder, 'toolgate.db') } }
}

async function play(hub: Hub, scenario: Scenario, index: number): Promise<ScenarioAnswer> {
  const { who, tool, arguments: given, dryRun } = scenario
  const { answer, decision } = await hub.decided({
    door: 'test',
    // A tenant each: no scenario is a repeat of another, or spends its rates.
    principal: { tenant: `scenario-${index}`, ...who },
    tool,
    arguments: dryRun ? { ...given, dry_run: true } : given,
  })
  return {
    status: answer.status,
    rule: decision?.rule,
    because: decision?.because ?? (answer.status === 'failed' ? answer.message : undefined),
    approvers: decision?.approvers.flat(),
    masked: answer.masked ?? [],
  }
}
