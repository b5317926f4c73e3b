/** Why there is no connection, or none any more. */

/**
 * What the server said was wrong, or why there is no connection.
 *
 * | code | |
 * |---|---|
 * | `bad-address` | the address is none that this page can reach |
 * | `no-websocket` | what runs this has no WebSocket: Node before 22 |
 * | `absent` | nothing answers there |
 * | `refused` | a server answers there, but not to this page |
 * | `lost` | the connection broke |
 * | `half-open` | the server is not heard any more: asleep, another network, or it hangs |
 * | `shut-down` | the server was stopped |
 * | `protocol` | the server sent what this page does not understand |
 * | `closed` | the server closed the connection |
 * | `left` | this page closed it |
 * | `busy`, `no-stream`, … | the server's own codes, in docs/protocol.md |
 */
export class FaceError extends Error {
  /**
   * @param {string} message one sentence
   * @param {string} code
   */
  constructor(message, code) {
    super(message);
    this.name = "FaceError";
    this.code = code;
  }
}

const AWAY = ["absent", "lost", "half-open", "shut-down"];

/** Whether the server may come back by itself. @param {{code?: string} | null} error */
export function isAway(error) {
  return AWAY.includes(error?.code);
}

/** This page closed the connection. */
export function leftError() {
  return new FaceError("The connection was closed by this page.", "left");
}

/**
 * Why a connection that was open closed by itself.
 * @param {CloseEvent} event
 * @param {URL} url
 */
export function closeError({ code, reason }, url) {
  if (code === 1000) return new FaceError("The server closed the connection.", "closed");
  if (code === 1001) return new FaceError("The server was shut down.", "shut-down");
  if (code === 1006) return new FaceError(`The connection to ${url.host} broke.`, "lost");
  if (code === 1013) return new FaceError(reason || "The server is busy; try again later.", "busy");
  return new FaceError(reason || `The connection ended with code ${code}.`, "closed");
}

/**
 * Why no connection was made: browsers do not tell, but whether a server answers at all can be asked.
 * @param {URL} url of the WebSocket
 * @returns {Promise<FaceError>}
 */
export async function refusal(url) {
  const page = new URL("healthz", url);
  page.protocol = url.protocol.replace("ws", "http");
  try {
    await fetch(page, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(ASK_MS) });
  } catch {
    return new FaceError(`There is no server at ${url.host}.`, "absent");
  }
  return new FaceError(`The server at ${url.host} does not let this page in; its log says why.`, "refused");
}

const ASK_MS = 3000;
