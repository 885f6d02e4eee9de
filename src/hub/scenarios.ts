// Policy scenarios through the whole pipeline: the same configuration, on fresh sandboxes and a store that goes away.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import type { Hub, HubOptions } from './contract.ts'
import { findScenarioFiles, loadScenarios, runScenarios } from '../policy/scenario.ts'
import type { Scenario, ScenarioAnswer, ScenarioResult } from '../policy/scenario.ts'
import { resetSandbox } from '../sandbox/admin.ts'
import { aside } from './aside.ts'
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
  const hub = await open({
    everyTool: true,
    now: () => time ?? new Date(),
    adjust: (read) => onSandboxes(read, folder, scenarios.map(tenantOf)),
  })
  try {
    const results = await runScenarios(scenarios, async (scenario) => {
      time = scenario.time
      resetSandbox(hub.sandboxFile)
      return await play(hub, scenario, tenantOf(scenario, scenarios.indexOf(scenario)))
    })
    const unlisted = new Map(files.map((file) => [shown(file), unlistedPolicy(file, config)]))
    return results.map((result) => withHint(result, unlisted))
  } finally {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The policy that a scenario file is named after, where it is there and no part of the configuration. */
function unlistedPolicy(file: string, config: LoadedConfig): string | undefined {
  const policy = file.replace(/\.test(\.ya?ml)$/, '$1')
  const unlisted = policy !== file && existsSync(policy) && !config.policies.includes(policy)
  return unlisted ? path.relative(config.folder, policy) : undefined
}

function withHint(result: ScenarioResult, unlisted: ReadonlyMap<string, string | undefined>): ScenarioResult {
  const policy = unlisted.get(result.scenario.at.replace(/:\d+$/, ''))
  if (result.passed || policy === undefined) return result
  const hint = `${policy} is not in force: name it under "policies" in the configuration.`
  return { ...result, reasons: [...result.reasons, hint] }
}

/** A tenant each: no scenario is a repeat of another, or spends its rates. */
function tenantOf(_scenario: Scenario, index: number): string {
  return `scenario-${index}`
}

function onSandboxes(config: LoadedConfig, folder: string, tenants: readonly string[]): LoadedConfig {
  const apart = aside(config, folder)
  const instances = apart.instances.map((instance) => ({
    ...instance,
    // Policies are the same for every account, and nobody in a scenario has connected one.
    actsAs: 'service' as const,
    tenants,
  }))
  return { ...apart, instances }
}

async function play(hub: Hub, scenario: Scenario, tenant: string): Promise<ScenarioAnswer> {
  const { who, tool, arguments: given, dryRun } = scenario
  const { answer, decision } = await hub.decided({
    door: 'test',
    principal: { tenant, ...who },
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
