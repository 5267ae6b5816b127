/** A device that could not answer: its process died, it hung, or it said itself that it failed. The tiles can run elsewhere. */
export class DeviceFailure extends Error {}
