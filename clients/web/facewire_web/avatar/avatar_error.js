/** Why an avatar cannot be shown, as one sentence that says what to do. */
export class AvatarError extends Error {
  constructor(message) {
    super(message);
    this.name = "AvatarError";
  }
}
