// `toolgate resume`: lets go on what `toolgate stop` stopped.
export { resumeCommand as command } from './stop.ts'
