// The one door: connectors and policies import `toolgate/kit` and nothing else of ours.
export { canonical, digest } from './kit/json.ts'
export type { Json, JsonObject } from './kit/json.ts'
export { HubError } from './kit/error.ts'
export type { ErrorCode } from './kit/error.ts'
export { cutText, visibleText } from './kit/text.ts'
export { readTool, writeTool } from './kit/tool.ts'
export type {
  Asks,
  Audience,
  Done,
  Effect,
  Evidence,
  Plan,
  Reads,
  Resources,
  Tool,
  ToolClass,
  Undo,
  UndoFidelity,
  Verb,
  Writes,
} from './kit/tool.ts'
export { connector } from './kit/connector.ts'
export type { Connect, ConnectedAccount, Connecting, ConnectPlace, Granted, GrantRequest, Voucher } from './kit/connect.ts'
export type { Connector, Grants, Keep, Opening, Permissions } from './kit/connector.ts'
export { parseAnswer } from './kit/vendor.ts'
export type { VendorAnswer, VendorFetch, Verdict } from './kit/vendor.ts'
export type { Sandbox, SandboxRequest, SandboxResponse, SandboxState } from './kit/sandbox.ts'
export { condition } from './kit/policy.ts'
export type { Condition, Facts, PlanFacts, Principal, ToolFacts } from './kit/policy.ts'
export { company } from './kit/company.ts'
