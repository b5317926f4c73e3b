/** The addresses of a server's WebSockets. */

const SCHEMES = { "http:": "ws:", "https:": "wss:" };

/**
 * @param {string} server such as "ws://127.0.0.1:8765", "https://example.org/faces/?token=abc", or, in a page, "." for its own folder
 * @param {string} path below it
 * @param {Object<string, string>} [query] besides what the address has
 * @returns {URL}
 * @throws {TypeError} this is no address of a WebSocket
 */
export function serverUrl(server, path, query = {}) {
  const url = new URL(server, globalThis.location?.href);
  url.protocol = SCHEMES[url.protocol] ?? url.protocol;
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`${url.protocol} is no WebSocket`);
  url.pathname = `${url.pathname.replace(/\/[^/]*\.html$/, "").replace(/\/$/, "")}/${path}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  url.hash = "";
  return url;
}

/** An address as it may be shown: without its token, or a password. @param {string} address */
export function withoutSecrets(address) {
  return address.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
}
