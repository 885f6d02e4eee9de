// The tools of the shipped connectors and of the hub itself, as a policy sees them.
import { jira } from '../../connectors/jira/connector.ts'
import { salesforce } from '../../connectors/salesforce/connector.ts'
import { slack } from '../../connectors/slack/connector.ts'
import { operationGet } from '../../src/call/operation-get.ts'
import { operationUndo } from '../../src/call/undo.ts'
import type { Connector } from '../../src/kit/connector.ts'
import type { ToolShape } from '../../src/policy/load.ts'

const own = { id: 'hub', prefix: 'operation', tools: [operationGet, operationUndo] }

export const shippedTools: readonly ToolShape[] = [jira, salesforce, slack, own].flatMap(shapes)

function shapes(connector: Pick<Connector, 'id' | 'prefix' | 'tools'>): readonly ToolShape[] {
  return connector.tools.map((tool) => ({
    facts: {
      name: `${connector.prefix}_${tool.name}`,
      class: tool.class,
      write: tool.kind === 'write',
      connector: connector.id,
      instance: connector.id,
      verb: tool.kind === 'write' ? tool.verb : undefined,
    },
    resolves: tool.resolves ?? [],
    changes: tool.kind === 'write' ? tool.changes : [],
    arguments: Object.keys(tool.input.shape as object),
  }))
}
