/** The avatar that was chosen last, as this browser remembers it (IndexedDB): the file itself, which never leaves it. */

const DATABASE = "facewire";
const STORE = "avatar";
const KEY = "chosen";

/** @typedef {{name: string, file: Blob}} Kept */

/** @returns {Promise<Kept | null>} null: none, or the browser keeps nothing */
export async function keptAvatar() {
  try {
    return (await inStore("readonly", (store) => store.get(KEY))) ?? null;
  } catch {
    return null;
  }
}

/** @param {Kept} avatar @returns {Promise<boolean>} whether it is kept: not where there is no room, or in private windows */
export async function keepAvatar(avatar) {
  try {
    await inStore("readwrite", (store) => store.put(avatar, KEY));
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<boolean>} whether none is kept now */
export async function forgetAvatar() {
  try {
    await inStore("readwrite", (store) => store.delete(KEY));
    return true;
  } catch {
    // Where nothing can be kept, nothing was.
    return (await keptAvatar()) === null;
  }
}

async function inStore(mode, ask) {
  const database = await asked(Object.assign(indexedDB.open(DATABASE, 1), {
    onupgradeneeded: ({ target }) => target.result.createObjectStore(STORE),
  }));
  try {
    const transaction = database.transaction(STORE, mode);
    const request = ask(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    return request.result;
  } finally {
    database.close();
  }
}

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
