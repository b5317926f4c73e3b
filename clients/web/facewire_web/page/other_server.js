/**
 * Which server the page connects to: its own, or another that its address names (`?server=`) and that
 * somebody agreed to by a click, since it gets what the microphone hears and what is typed.
 */

const AGREED_KEY = "facewire.agreed";
const SCHEMES = ["ws:", "wss:", "http:", "https:"];

/** The page's own server: where the page's folder is, also under the path of a proxy. */
export function ownServer() {
  return new URL(".", document.baseURI).href;
}

/**
 * @param {string | null} named what the page's address says; null: nothing
 * @param {HTMLElement} place where to ask, if that is needed
 * @returns {Promise<string>} the server, once it is clear
 */
export async function chooseServer(named, place) {
  if (named === null) return ownServer();
  const host = foreignHost(named);
  if (host === null || agreedTo(host)) return named;
  if (!(await ask(host, place))) return ownServer();
  agreeTo(host);
  return named;
}

/**
 * Ask a server what it is.
 * @param {string} server
 * @returns {Promise<{agent: boolean, servedBy: string | null}>} whether it has an agent, and the
 *   command that starts it, empty where there is none; null: it does not answer
 */
export async function aboutServer(server) {
  try {
    const url = new URL(server, location.href);
    url.protocol = url.protocol.replace("ws", "http");
    url.pathname = `${url.pathname.replace(/\/[^/]*\.html$/, "").replace(/\/$/, "")}/agent`;
    const { agent, served_by: servedBy = "" } = await (await fetch(url)).json();
    return { agent: Boolean(agent), servedBy: String(servedBy) };
  } catch {
    return { agent: false, servedBy: null };
  }
}

/** The host of another server than the page's own; null where there is nothing to ask about. */
function foreignHost(named) {
  let url;
  try {
    // As the browser would read it, so that nothing goes elsewhere that looks like a path.
    url = new URL(named, document.baseURI);
  } catch {
    return null;
  }
  return SCHEMES.includes(url.protocol) && url.host !== location.host ? url.host : null;
}

/** Ask, while nothing else on the page can be used. */
function ask(host, place) {
  const question = document.createElement("div");
  question.className = "question";
  question.setAttribute("role", "group");
  const sentence = document.createElement("p");
  sentence.textContent = `This address sends what your microphone hears, and what you type, to “${host}”, which is not the server of this page.`;
  question.append(sentence);
  const others = document.querySelectorAll(".say, .controls, .voice");
  for (const other of others) other.inert = true;
  return new Promise((resolve) => {
    for (const [text, agreed] of [["Use this page’s own server", false], [`Connect to ${host}`, true]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => {
        question.remove();
        for (const other of others) other.inert = false;
        resolve(agreed);
      });
      question.append(button);
    }
    place.append(question);
  });
}

/** Whether somebody agreed in this tab; a link from elsewhere cannot say so. */
function agreedTo(host) {
  try {
    return sessionStorage.getItem(AGREED_KEY) === host;
  } catch {
    return false;
  }
}

function agreeTo(host) {
  try {
    sessionStorage.setItem(AGREED_KEY, host);
  } catch {
    // A browser that stores nothing asks again.
  }
}
