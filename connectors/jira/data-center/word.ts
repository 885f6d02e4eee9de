// A member of outside data as text: nothing where it is neither text nor a number.
export function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
