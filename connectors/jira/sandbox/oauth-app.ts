// The OAuth 2.0 (3LO) app of the seeded company.

export const app = {
  cloudId: '6d3f2c1e-8a4b-4c5d-9e6f-7a8b9c0d1e2f',
  clientId: 'LarkfieldToolgateApp0001',
  clientSecret: 'sandbox-client-secret-of-larkfield',
  firstRefreshToken: 'sandbox-refresh-token-0',
} as const
